import pytest

from qantara.fidelity.placeholders import RULES


@pytest.mark.parametrize(
    "piece",
    [
        "https://example.org/a?b=1",
        "www.example.org",
        "help@example.org",
        "{name}",
        "{{ dose }}",
        "%(count)s",
        "%s",
        "$$x^2$$",
        "<b>",
        "https://doi.org/10.1000/xyz123",
    ],
)
def test_what_must_stay_as_it_is_is_found_when_lost_or_made_up(find, piece):
    source, target = f"See {piece} for more.", f"انظر {piece} للمزيد."
    assert find(RULES, source, target) == []
    (lost,) = find(RULES, source, "انظر للمزيد.")
    assert (lost.rule, lost.severity, lost.source_text) == ("verbatim.lost", "fail", piece)
    (added,) = find(RULES, "See more.", target)
    assert (added.rule, added.severity, added.target_text) == ("verbatim.added", "warn", piece)


def test_a_link_that_changed_is_lost_and_added(find):
    found = find(RULES, "https://example.org/1", "https://example.org/2")
    assert [finding.rule for finding in found] == ["verbatim.lost", "verbatim.added"]


def test_a_doi_is_kept(find):
    (lost,) = find(RULES, "See doi: 10.1000/xyz123.", "انظر المرجع.")
    assert lost.source_text == "10.1000/xyz123"


def test_a_sentence_end_is_no_part_of_a_link(find):
    assert find(RULES, "See www.example.org.", "انظر www.example.org؛ ثم") == []


def test_a_percent_sign_is_no_placeholder(find):
    assert find(RULES, "50% so", "50٪ هكذا") == []
