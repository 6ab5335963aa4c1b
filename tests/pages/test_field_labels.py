import pytest

from qantara.pages.field_labels import FieldLabel, field_label
from qantara.records import Choice, Dialogue, Origin, Passage, Turn

START = {"id": "1", "language": "en", "origin": Origin(source="s", native_id="1")}
CHOICE = Choice(**START, question="Which?", options=("one", "two"), answer_index=1)
DIALOGUE = Dialogue(**START, turns=(Turn(role="user", text="Hello"), Turn(role="assistant", text="Hello")))
PASSAGE = Passage(**START, text="Hello")


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        (CHOICE, "question", FieldLabel("Question")),
        (CHOICE, "options/0", FieldLabel("Option A", ("A", "أ"))),
        (CHOICE, "options/1", FieldLabel("Option B", ("B", "ب"), is_key=True)),
        (CHOICE, "options/99", FieldLabel("Option 100", ("100", "100"))),
        (DIALOGUE, "turns/0", FieldLabel("Patient")),
        (DIALOGUE, "turns/1", FieldLabel("Doctor")),
        (DIALOGUE, "turns/9", FieldLabel("Turns")),
        (PASSAGE, "text", FieldLabel("Text")),
        ("text", "text", FieldLabel("Text")),
    ],
)
def test_a_field_is_called_by_what_it_is(source, name, expected):
    assert field_label(source, name, ("en", "ar")) == expected
