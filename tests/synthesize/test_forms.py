from collections import Counter

from qantara.synthesize.forms import Form, forms_of

ALL = {"en": 1.0, "ar": 1.0, "switch": 1.0}
BOTH = ("en", "ar")
IDS = [f"{i:016x}" for i in range(3000)]


def test_a_form_follows_from_id_and_seed_alone():
    assert forms_of("a", ALL, 1, BOTH, 7) == forms_of("a", ALL, 1, BOTH, 7)
    assert any(forms_of(i, ALL, 1, BOTH, 7) != forms_of(i, ALL, 1, BOTH, 8) for i in IDS[:20])


def test_forms_come_in_their_shares():
    drawn = Counter(forms_of(i, {"en": 1, "ar": 2, "switch": 3}, 1, BOTH, 1)[0].name for i in IDS)
    assert abs(drawn["en"] / len(IDS) - 1 / 6) < 0.03
    assert abs(drawn["switch"] / len(IDS) - 1 / 2) < 0.03


def test_a_form_with_no_share_is_never_drawn():
    assert {forms_of(i, {"en": 0, "ar": 1}, 1, BOTH, 1)[0].name for i in IDS[:100]} == {"ar"}


def test_a_broken_number_of_forms_is_met_on_average_and_no_item_gets_a_form_twice():
    found = [forms_of(i, ALL, 1.4, BOTH, 1) for i in IDS]
    assert {len(forms) for forms in found} == {1, 2}
    assert abs(sum(map(len, found)) / len(IDS) - 1.4) < 0.03
    assert all(len({form.name for form in forms}) == len(forms) for forms in found)


def test_a_switch_goes_both_ways_and_counts_as_the_target_language():
    found = {forms_of(i, {"switch": 1}, 1, BOTH, 1)[0] for i in IDS[:50]}
    assert found == {Form(("en", "ar"), "ar"), Form(("ar", "en"), "ar")}
    assert {(form.first, form.last) for form in found} == {("en", "ar"), ("ar", "en")}
