import re
from collections import Counter
from dataclasses import replace

import pytest

from qantara.fidelity.check import RECORD_RULES, RULES, rule_ids
from qantara.fidelity.examples import RuleExample, Side, findings_of, rule_examples
from qantara.records import text_fields

EXAMPLES = rule_examples()
LEAST_EXAMPLES = 3


def name(example: RuleExample) -> str:
    return f"{example.line}-{example.rule}"


@pytest.mark.parametrize("example", [example for example in EXAMPLES if example.finds], ids=name)
def test_a_rule_finds_its_example(example: RuleExample) -> None:
    found = {(finding.rule, finding.severity) for finding in findings_of(example)}
    assert (example.rule, example.severity) in found


@pytest.mark.parametrize("example", [example for example in EXAMPLES if not example.finds], ids=name)
def test_a_right_translation_fails_by_no_rule(example: RuleExample) -> None:
    found = findings_of(example)
    assert [finding.message for finding in found if finding.rule == example.rule] == []
    assert [finding.message for finding in found if finding.severity == "fail"] == []


@pytest.mark.parametrize("rule", rule_ids())
def test_every_rule_has_examples_of_both_kinds(rule: str) -> None:
    counts = Counter(example.finds for example in EXAMPLES if example.rule == rule)
    assert min(counts[True], counts[False]) >= LEAST_EXAMPLES


def test_every_example_is_of_a_rule_and_stands_once() -> None:
    assert {example.rule for example in EXAMPLES} == set(rule_ids())
    seen = Counter((e.rule, e.source_language, e.target_language, repr(e.source), repr(e.target)) for e in EXAMPLES)
    assert [key for key, count in seen.items() if count > 1] == []


def test_every_severity_that_a_rule_is_declared_with_has_an_example() -> None:
    declared = {(rule.id, rule.severity) for rule in (*RULES, *RECORD_RULES)}
    assert declared - {(example.rule, example.severity) for example in EXAMPLES} == set()


@pytest.mark.parametrize("codes", [("en", "ar"), ("en", "fr"), ("ar", "en")])
def test_each_direction_has_examples(codes: tuple[str, str]) -> None:
    assert any((e.source_language, e.target_language) == codes for e in EXAMPLES)


CHANGES = {
    "digits": lambda text: text.translate({0x660 + i: str(i) for i in range(10)}),
    "marks": lambda text: text.replace(" ", " \u200f"),
    "tashkeel": lambda text: re.sub("([\u0628\u062a\u0633\u0645\u0646\u0644\u0631])", "\\1\u064e", text),
    "tatweel": lambda text: re.sub("(?<=[\u0628\u062a\u0633\u0645\u0646])(?=[\u0627-\u064a])", "\u0640", text),
}
ABOUT_THE_WRITING = {
    "digits.mixed",
    "digits.foreign",
    "digits.two_systems",
    "script.invisible",
    "verbatim.lost",
    "verbatim.added",
}


@pytest.mark.parametrize("change", CHANGES)
def test_how_a_target_is_written_changes_no_verdict(change: str) -> None:
    """Except for the rules on digits and marks themselves, and on names in braces, which are text as it stands."""
    different = []
    for example in EXAMPLES:
        if (
            isinstance(example.target, str)
            and example.target_language == "ar"
            and example.rule not in ABOUT_THE_WRITING
        ):
            again = replace(example, target=CHANGES[change](example.target))
            if verdicts(example) != verdicts(again):
                different.append((example.line, verdicts(example) ^ verdicts(again)))
    assert different == []


def verdicts(example: RuleExample) -> set[tuple[str, str]]:
    return {(f.rule, f.severity) for f in findings_of(example) if f.rule not in ABOUT_THE_WRITING}


@pytest.mark.parametrize("example", EXAMPLES, ids=name)
def test_spans_quote_the_texts(example: RuleExample) -> None:
    source, target = fields(example.source), fields(example.target)
    for finding in findings_of(example):
        if finding.source_span is not None:
            text = source[finding.field][finding.source_span.start : finding.source_span.end]
            assert text == finding.source_text
        if finding.target_span is not None:
            text = target[finding.field][finding.target_span.start : finding.target_span.end]
            assert text == finding.target_text


def fields(side: Side) -> dict[str, str]:
    return {"text": side} if isinstance(side, str) else text_fields(side)
