import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.fidelity.whole_set import ObservedPair, WholeSet


def findings(pairs):
    whole = WholeSet()
    for pair in pairs:
        whole.observe(pair)
    return whole.findings(pairs)


def rules(result) -> dict[int, set[str]]:
    return {number: {finding.rule for finding in found} for number, found in result.by_pair.items()}


def plain_set(writer, text_pair, size: int = 400):
    return [text_pair(i, writer.text(20), writer.text(20)) for i in range(size)]


def test_an_ordinary_set_has_no_findings(writer, text_pair):
    result = findings(plain_set(writer, text_pair))
    assert result.by_pair == {}
    assert result.statistics == ()
    assert WholeSet().findings([]).by_pair == {}


def test_one_target_for_unlike_sources_fails_with_number_and_partner(writer, text_pair):
    pairs = plain_set(writer, text_pair)
    target = writer.text(12)
    for number in (10, 50, 300):
        pairs[number] = text_pair(number, writer.text(20), target)
    result = findings(pairs)
    assert rules(result) == {number: {"set.shared_target"} for number in (10, 50, 300)}
    finding = result.by_pair[50][0]
    assert (finding.severity, finding.num_sharing, finding.field) == ("fail", 3, "text")
    assert finding.partner in {10, 300}
    assert target.startswith(finding.quote)


def test_paraphrases_of_one_leaked_example_are_one_group(writer, text_pair):
    pairs = plain_set(writer, text_pair)
    words = writer.text(30).split()
    leaked = [7, 77, 177, 377]
    for number in leaked:
        words[number % 30] = writer.text(1)
        pairs[number] = text_pair(number, writer.text(20), " ".join(words))
    assert rules(findings(pairs)) == {number: {"set.shared_target"} for number in leaked}


@pytest.mark.parametrize(
    ("sources", "target"),
    [
        (["Yes.", "Yeah", "That is so"], "na'am"),
        (
            ["What is gestational diabetes mellitus, please?", "What's gestational diabetes mellitus?"],
            "ma huwa sukkari alhaml ya duktur alan",
        ),
    ],
)
def test_targets_that_several_sources_may_share_are_no_alarm(writer, text_pair, sources, target):
    pairs = plain_set(writer, text_pair)
    pairs[: len(sources)] = [text_pair(i, source, target) for i, source in enumerate(sources)]
    assert not any("set.shared_target" in found for found in rules(findings(pairs)).values())


def test_a_leaked_passage_fails_but_boilerplate_of_both_sides_does_not(writer, text_pair):
    pairs = plain_set(writer, text_pair)
    leak, notice, notice_source = writer.text(9), writer.text(9), writer.text(9)
    leaked, noticed = [1, 60, 120, 180, 240, 399], list(range(2, 300, 30))
    for number in leaked:
        pairs[number] = text_pair(number, writer.text(40), f"{writer.text(15)} {leak} {writer.text(15)}")
    for number in noticed:
        pairs[number] = text_pair(number, f"{writer.text(40)} {notice_source}", f"{writer.text(40)} {notice}")
    result = findings(pairs)
    assert rules(result) == {number: {"set.leaked_text"} for number in leaked}
    finding = result.by_pair[60][0]
    assert (finding.severity, finding.num_sharing) == ("fail", 6)
    assert finding.quote in leak


def test_near_duplicates_name_the_earlier_pair_and_repeated_ids_warn(writer, text_pair):
    pairs = plain_set(writer, text_pair)
    source, target = writer.text(60), writer.text(60)
    pairs[5] = text_pair(5, source, target, id="a")
    pairs[6] = text_pair(6, source.upper(), target + ".", id="b")
    pairs[90] = text_pair(90, f"{source} now", f"{target} alan", id="a")
    result = findings(pairs)
    assert rules(result) == {6: {"set.near_duplicate"}, 90: {"set.near_duplicate", "set.duplicate_id"}}
    assert [(finding.severity, finding.partner) for finding in result.by_pair[6]] == [("warn", 5)]
    assert [(finding.severity, finding.partner) for finding in result.by_pair[90]] == [("info", 5), ("warn", 5)]


def test_lost_stems_are_found_by_frequency_and_length(writer, choice_pair):
    def item(number, question, target_question):
        return choice_pair(
            number,
            [question, *(writer.text(3) for _ in range(4))],
            [target_question, *(writer.text(3) for _ in range(4))],
        )

    pairs = [item(i, writer.text(25), writer.text(20)) for i in range(200)]
    for number in (20, 40, 60):
        pairs[number] = item(number, "which is true", "ayyuha sahih")  # a generic question on both sides is fine
    for number in (21, 41):
        pairs[number] = item(number, writer.text(30), "ayyuha sahih")
    pairs[99] = item(99, writer.text(25), "?")
    repeated = pairs[98]
    pairs[98] = choice_pair(98, list(repeated.source.values()), ["the same", "the same", "b", "c", "d"])
    found = rules(findings(pairs))
    assert found == {number: {"set.lost_stem"} for number in (21, 41, 98, 99)}


def test_shards_merged_in_order_find_what_one_pass_finds(writer, text_pair):
    pairs = plain_set(writer, text_pair, 700)
    for number in (3, 333, 650):
        pairs[number] = text_pair(number, writer.text(20), "one two three four five six seven eight", id="x")
    shards = [WholeSet(), WholeSet(), WholeSet()]
    for pair in pairs:
        shards[pair.number * 3 // 700].observe(pair)
    for shard in shards[1:]:
        shards[0].merge(shard)
    assert shards[0].findings(pairs) == findings(pairs)


texts = st.dictionaries(
    st.sampled_from(["question", "text", "answer", "options/0", "turns/0", "turns/1"]), st.text(), max_size=4
)


@given(st.lists(st.tuples(texts, texts), max_size=6))
def test_any_texts_are_taken(sides):
    pairs = [
        ObservedPair(number=i, source=source, target=target, source_language="en", target_language="ar")
        for i, (source, target) in enumerate(sides)
    ]
    assert set(findings(pairs).by_pair) <= set(range(len(pairs)))
