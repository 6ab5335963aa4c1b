from qantara.records import Answer
from qantara.sources.mapping import Constants, examples
from qantara.sources.medquad import DATA_SET, MAPPING


def test_a_row_becomes_an_answer_about_its_focus() -> None:
    row = {"id": "m-1", "instruction": "What is gout ?", "input": "", "output": "A disease.", "focus": "Gout"}
    (made,) = examples([row], MAPPING, Constants(language="en", source=DATA_SET.name, licence=DATA_SET.licence), "f")
    assert isinstance(made, Answer)
    assert (made.question, made.answer, made.origin.subject) == ("What is gout ?", "A disease.", "Gout")
    assert (made.origin.native_id, made.origin.licence) == ("m-1", "CC-BY-4.0")
