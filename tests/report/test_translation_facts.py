import tracemalloc
from dataclasses import replace

from qantara.records import Answer, Attempt, Decision, Finding, Origin, Translation
from qantara.report.example_choice import choose, outcome, rules
from qantara.report.translation_facts import gather


def translations(number, rule_of=lambda _: "digits.changed", route="people"):
    for i in range(number):
        origin = Origin(source="set-b" if i % 3 else "set-a", native_id=str(i), licence="MIT")
        source = Answer(id=f"r{i}", language="en", origin=origin, question="How much?", answer="x" * (1000 - i % 1000))
        found = Finding(rule=rule_of(i), severity="fail", field="answer", message="")
        attempt = Attempt(round=0, target=source, findings=(found,), score=70)
        yield Translation(source=source, target=source, route=route, reason="", score=70, attempts=(attempt,))


def test_everything_is_counted_in_one_pass(facts):
    told = facts.translation
    assert told.routes == {"accept": 1, "people": 2}
    assert told.sources == {("qantara-sample", "Apache-2.0"): 3}
    assert told.num_waiting == 1
    assert len(told.candidates) == 3
    by_set = gather(translations(7), {"r0": Decision(record_id="r0", action="accept", reviewer="one")})
    assert by_set.sources == {("set-a", "MIT"): 3, ("set-b", "MIT"): 4}
    assert by_set.num_waiting == 6


def test_no_more_are_held_however_many_there_are():
    rules_of_a_long_run = [f"digits.{name}" for name in range(40)]
    tracemalloc.start()
    told = gather(translations(20_000, lambda i: rules_of_a_long_run[i % 40]), {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told.routes == {"people": 20_000}
    assert len(told.candidates) <= 140
    assert peak < 1_000_000  # the texts of all of them are 10 MB


def test_what_comes_late_and_is_rare_can_still_be_chosen():
    def rule_of(i):
        return "drug.changed" if i == 4_000 else "digits.changed"

    decisions = {"r4500": Decision(record_id="r4500", action="edit", reviewer="one")}
    pool = gather(translations(5_000, rule_of), decisions).candidates
    assert {rules(translation)[0] for translation in pool} == {"digits.changed", "drug.changed"}
    assert {outcome(translation, decisions) for translation in pool} == {"edit", "waiting"}
    assert [translation.source.id for translation in pool][-2:] == ["r4000", "r4500"]


def test_the_shortest_of_its_kind_is_kept_and_the_first_of_equals():
    pool = gather(translations(5_000), {}).candidates
    assert [translation.source.id for translation in pool] == [*(f"r{i}" for i in range(100)), "r999"]


def test_a_small_run_is_chosen_from_as_a_whole(facts):
    faulty = list(facts.translation.candidates)
    clean = replace(faulty[0], attempts=faulty[0].attempts[1:])
    pool = gather([clean, *faulty], facts.decisions).candidates
    assert list(pool) == faulty
    assert choose(pool, facts.decisions, 8) == choose([clean, *faulty], facts.decisions, 8)


def test_a_run_of_nothing_has_nothing():
    told = gather([], {})
    assert (told.routes, told.sources, told.num_waiting, list(told.candidates)) == ({}, {}, 0, [])
