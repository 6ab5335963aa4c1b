import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qantara.fidelity.mutate import KINDS, mutate
from qantara.records import Answer, Choice, Origin, text_fields

CODES = ("en", "ar")
ORIGIN = Origin(source="test", native_id="1")
QUESTION = Choice(
    id="1",
    language="ar",
    origin=ORIGIN,
    question="أي الأدوية التالية يُعطى ما عدا:",
    options=("ملغ 5", "10 ملغ", "20 ملغ"),
    answer_index=1,
)
SOURCE = Choice(
    id="1",
    language="en",
    origin=ORIGIN,
    question="Which of the following is given EXCEPT:",
    options=("5 mg", "10 mg", "20 mg"),
    answer_index=1,
)

CASES = [
    ("value_x10", "Give 5 mg.", "أعطِ ٥ ملغ.", "أعطِ ٥٠ ملغ."),
    ("value_x10", "Give 2.5 mg.", "أعطِ 2.5 ملغ.", "أعطِ 25 ملغ."),
    ("value_x10", "Give 0.25 mg.", "أعطِ ٠٫٢٥ ملغ.", "أعطِ ٢٫٥ ملغ."),
    ("value_x10", "Give 1,500 mg.", "أعطِ 1,500 ملغ.", "أعطِ 15,000 ملغ."),
    ("value_x10", "The HbA1c was 7 %.", "كان HbA1c 7%.", "كان HbA1c 70%."),
    ("decimal_shifted", "Give 15 mg.", "أعطِ ١٥ ملغ.", "أعطِ ١٫٥ ملغ."),
    ("decimal_shifted", "Give 5 mg.", "أعطِ 5 ملغ.", "أعطِ 0.5 ملغ."),
    ("unit_swapped", "Give 5 mcg.", "أعطِ 5 ميكروغرام.", "أعطِ 5 مليغرام."),
    ("unit_swapped", "At 38 °C.", "عند 38 °م.", "عند 38 °ف."),
    ("unit_swapped", "for 3 years", "لمدة 3 سنوات", "لمدة 3 أشهر"),
    ("range_reversed", "5-10 mg", "5-10 ملغ", "10-5 ملغ"),
    ("range_reversed", "from 5 to 10 mg", "من 5 إلى 10 ملغ", "من 10 إلى 5 ملغ"),
    ("range_reversed", "between 5 and 10", "بين 5 و10", "بين 10 و5"),
    ("ratio_reversed", "pressure 120/80 mmHg", "الضغط 120/80 ملم زئبق", "الضغط 80/120 ملم زئبق"),
    ("number_dropped", "Give 3 doses", "أعطِ 3 حقن", "أعطِ حقن"),
    ("negation_dropped", "It is not given.", "لا يُعطى الدواء.", "يُعطى الدواء."),
    ("negation_dropped", "and does not help", "ولا يساعد", "ويساعد"),
    ("negation_dropped", "He must not eat", "يجب ألا يأكل", "يجب أن يأكل"),
    ("negation_dropped", "without fever", "بدون حمى", "مع حمى"),
    ("negation_added", "It can be given.", "يمكن إعطاؤه.", "لا يمكن إعطاؤه."),
    ("negation_added", "and it was done", "وتم ذلك", "ولم يتم ذلك"),
    ("antonym", "acute pain", "الألم الحاد", "الألم المزمن"),
    ("laterality", "the left eye", "العين اليسرى", "العين اليمنى"),
    ("laterality", "the right side", "الجانب الأيمن", "الجانب الأيسر"),
    (
        "amounts_swapped",
        "aspirin 75 mg and metformin 500 mg",
        "أسبرين 75 ملغ وميتفورمين 500 ملغ",
        "أسبرين 500 ملغ وميتفورمين 75 ملغ",
    ),
]


@pytest.mark.parametrize(("kind", "source", "target", "wrong"), CASES)
def test_the_fault_is_made_in_the_style_of_the_text(kind, source, target, wrong):
    made = mutate(source, target, kind, seed=1, languages=CODES)
    assert made is not None
    assert made.target == wrong


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("value_x10", "كوفيد بلا أرقام"),
        ("value_x10", "HbA1c"),
        ("value_x10", "كما سبق [12]"),
        ("value_x10", "في عام 2020"),
        ("range_reversed", "أخذ 5 و10 حبات"),
        ("ratio_reversed", "في الساعة 10:30"),
        ("negation_dropped", "لا يزال مريضًا"),
        ("negation_dropped", "لا يؤخذ إلا ليلًا"),
        ("negation_added", "إن المرض شديد"),
        ("except_dropped", "كل الأدوية ما عدا هذا"),
        ("amounts_swapped", "أسبرين 75 ملغ ثم 100 ملغ"),
        ("sentence_dropped", "جملة واحدة فقط لا غير."),
        ("untranslated_span", "نص قصير"),
        ("option_swapped", "نص"),
        ("other_sentence", "نص"),
    ],
)
def test_a_pair_without_a_place_has_no_fault(kind, target):
    assert mutate("one text", target, kind, seed=1, languages=CODES) is None


def test_an_except_is_dropped_from_a_stem_only():
    made = mutate(SOURCE, QUESTION, "except_dropped", seed=1)
    assert made.target.question == "أي الأدوية التالية يُعطى:"
    assert made.field == "question"
    assert made.before.strip() == "ما عدا"


def test_options_change_and_the_key_stays():
    swapped = mutate(SOURCE, QUESTION, "option_swapped", seed=1).target
    assert sorted(swapped.options) == sorted(QUESTION.options)
    assert swapped.options != QUESTION.options
    assert swapped.answer_index == QUESTION.answer_index
    assert len(set(mutate(SOURCE, QUESTION, "option_duplicated", seed=1).target.options)) == 2


def test_an_added_amount_is_in_neither_text_and_in_the_text_s_digits():
    made = mutate("Give aspirin 75 mg.", "أعطِ أسبرين ٧٥ ملغ.", "number_added", seed=2, languages=CODES)
    assert made.before == ""
    assert not any(digit in made.after for digit in "0123456789")
    assert made.target.replace(made.after, "") == "أعطِ أسبرين ٧٥ ملغ."


def test_another_drug_of_the_same_script_keeps_the_prefix():
    made = mutate("metformin", "بالميتفورمين", "drug_swapped", seed=1, languages=CODES)
    assert made.target.startswith("بال")
    assert made.after != "ميتفورمين"


def test_sentences_and_passages():
    source = "The first sentence is here. The second one follows it. And then the last one ends."
    target = "هذه هي الجملة الأولى هنا. تتبعها الجملة الثانية بعد ذلك. ثم تنتهي الجملة الأخيرة هنا."
    dropped = mutate(source, target, "sentence_dropped", seed=1, languages=CODES)
    assert dropped.before.strip() in target
    assert dropped.target.count(".") == 2
    left = mutate(source, target, "untranslated_span", seed=1, languages=CODES)
    assert len(left.after.split()) >= 4
    assert left.after in source
    other = mutate(source, target, "other_sentence", seed=1, languages=CODES, others=[target, "نص آخر"])
    assert other.target == "نص آخر"


@pytest.mark.parametrize(
    ("kind", "source", "target", "wrong"),
    [
        ("value_x10", "Give 0.5 mg.", "Donner 0,5 mg.", "Donner 5 mg."),
        ("negation_dropped", "He does not eat.", "Il ne mange pas.", "Il mange."),
        ("negation_added", "It must be given.", "Il doit être donné.", "Il ne doit pas être donné."),
        ("laterality", "the left eye", "l'œil gauche", "l'œil droit"),
    ],
)
def test_another_language_needs_data_only(kind, source, target, wrong):
    assert mutate(source, target, kind, seed=1, languages=("en", "fr")).target == wrong


def test_the_same_seed_makes_the_same_fault_and_records_stay_records():
    answer = Answer(id="1", language="ar", origin=ORIGIN, question="كم؟", answer="خذ 5 ملغ أو 10 ملغ أو 20 ملغ.")
    source = Answer(id="1", language="en", origin=ORIGIN, question="How much?", answer="5 mg, 10 mg or 20 mg.")
    one, two = (mutate(source, answer, "value_x10", seed=7) for _ in range(2))
    assert one == two
    assert len({mutate(source, answer, "value_x10", seed=seed).target for seed in range(20)}) == 3
    assert one.target.question == answer.question


def test_the_span_is_where_the_fault_stands():
    made = mutate("Give 5 mg.", "أعطِ 5 ملغ.", "value_x10", seed=1, languages=CODES)
    assert made.target[made.span.start : made.span.end] == made.after == "50"
    assert made.before == "5"


def test_texts_need_their_languages():
    with pytest.raises(ValueError, match="language"):
        mutate("a", "b", "value_x10", seed=1)


LETTERS = st.text(alphabet=st.sampled_from("aلا يجب 5.,٥٫-/:[]()\u0640\u064b\u200f\n²½%ملغ"), max_size=60)


@settings(max_examples=60, deadline=None)
@given(source=st.one_of(st.text(max_size=60), LETTERS), target=st.one_of(st.text(max_size=60), LETTERS))
def test_never_raises_and_the_span_is_in_the_text(source, target):
    for kind in KINDS:
        made = mutate(source, target, kind, seed=1, languages=CODES, others=["other"])
        if made is not None:
            assert made.target[made.span.start : made.span.end] == made.after
            assert made.target != target


def test_every_kind_is_made_in_some_pair():
    assert len(KINDS) == len(set(KINDS)) == 19
    assert all(text_fields(QUESTION))


def test_the_shipped_dose_sentences_offer_places_and_are_marked_synthetic():
    path = Path(__file__).parents[2] / "benchmarks" / "fidelity_doses.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len(rows) >= 60
    assert all("synthetic" in row["note"] for row in rows)
    for row in rows:
        assert mutate(row["source"], row["target"], "drug_swapped", seed=1, languages=CODES), row["id"]
        assert mutate(row["source"], row["target"], "unit_swapped", seed=1, languages=CODES), row["id"]
