"""Writes `docs/fidelity.md` from the rules, their examples and the lexicons; figures come from `docs/fidelity-figures.json`.

Run in the root of the repository: `python -m qantara.fidelity.documentation > docs/fidelity.md`. Nothing is measured here: the
figures are shares (0 to 1) that `benchmarks/fidelity.py` wrote; without the file, the section says so.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from qantara.fidelity import structure
from qantara.fidelity.check import RECORD_RULES, RULES
from qantara.fidelity.examples import RuleExample, Side, findings_of, rule_examples
from qantara.fidelity.lexicon import header, rows
from qantara.fidelity.rule import RecordRule, Rule
from qantara.languages import INVISIBLE, language
from qantara.records import Choice, Dialogue, text_fields

FIGURES = Path("docs") / "fidelity-figures.json"
_NUM_FOUND, _NUM_RIGHT = 2, 1
_MEANT_BY_MARKDOWN = re.compile(r"[&<>|*_`\[\]\\~@#]|(?<=https)?:(?=//)")
_INTRODUCTION = """\
# What the fidelity rules find

`qantara.fidelity.check(source, target)` compares a text or a record with its translation and returns findings: what a translation
changed. The rules are deterministic and read facts (numbers, units, drugs, negations, options), not meaning. A **fail** is surely
wrong or too dangerous to pass, a **warn** is a doubt for a person, an **info** is a remark. A rule's severity below is the worst
that it gives.

This page is generated from the rules, from their examples (`src/qantara/fidelity/examples.jsonl`, all of them tests) and from the
lexicons, by `python -m qantara.fidelity.documentation > docs/fidelity.md`. The examples are synthetic and no medical advice; those
under "found" are wrong on purpose.
"""
_NOT_COVERED = """\
## What is not covered

- **Meaning in plain words.** "Kidney" for "liver" is seen by no rule here, unless a number, a drug, an opposite or a glossary term
  differs. Similarity of meaning, and what only a set as a whole shows, are apart (`meaning`, `whole_set`).
- **Grammar.** Negations, advice and comparators are counted, not parsed: which of two statements lost its "not" is not known, and a
  negation that moved inside a sentence is not seen.
- **Words that no lexicon has.** A drug without a known name, a unit, a dual or an opposite that is not listed is not read: it
  gives a warning at most, and often nothing.
- **Numbers in words without a unit.** They are not demanded ("one", "two of them"): Arabic says the first two with the bare noun.
- **Options in plain words** that changed places: only facts tell options apart here.
- **Facts that were wrong in the source.** A translation that keeps a source's mistake is faithful.
- **Style.** Dialect, register, agreement and choice of term are for judges and people, a user's glossary aside.
- **Languages other than the pairs of English with Arabic and French.** Rules run on any language of `languages.py`, with what the
  lexicons know of it.
"""


def documentation(figures: Mapping[str, Any] | None) -> str:
    """Return the page; `figures` is what the figures' file holds, None for none."""
    rules: tuple[Rule | RecordRule, ...] = (structure.kind, *RECORD_RULES, *RULES)
    parts = [_INTRODUCTION, *_rules(rules), *_examples(rules), *_measured(figures), *_lexicons(), _NOT_COVERED]
    return "\n".join(parts)


def read_figures(path: Path) -> Mapping[str, Any] | None:
    """Return the figures that a benchmark wrote, None if it has not run."""
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def _rules(rules: Iterable[Rule | RecordRule]) -> Iterator[str]:
    yield "## Rules\n"
    lines = [(f"[`{r.id}`](#{_anchor(r.id)})", str(r.version), r.severity, r.applies_to, _text(r.why)) for r in rules]
    yield _table(("rule", "version", "severity", "applies to", "why it exists"), lines)


def _anchor(rule_id: str) -> str:
    """Return the anchor that GitHub gives to a heading of that text."""
    return rule_id.replace(".", "")


def _examples(rules: Iterable[Rule | RecordRule]) -> Iterator[str]:
    yield "## Examples\n"
    for rule in rules:
        yield f"### `{rule.id}`\n\n{rule.why}\n"
        ours = [example for example in rule_examples() if example.rule == rule.id]
        found = [example for example in ours if example.finds][:_NUM_FOUND]
        right = [example for example in ours if not example.finds][:_NUM_RIGHT]
        yield _table(("", "source", "target", "what a reviewer reads"), [_row(example) for example in found + right])


def _row(example: RuleExample) -> Sequence[str]:
    verdict = f"found ({example.severity})" if example.severity else "right"
    messages = [finding.message for finding in findings_of(example) if finding.rule == example.rule]
    source = _side(example.source, example.source_language)
    return verdict, source, _side(example.target, example.target_language), _text(messages[0]) if messages else ""


def _side(side: Side, code: str) -> str:
    """Return a text or record as the cell of a table, each text isolated in its own direction."""
    if isinstance(side, str):
        return _isolated(side, code)
    lines = [f"{_label(side, name)}: {_isolated(text, code)}" for name, text in text_fields(side).items()]
    if isinstance(side, Choice):
        lines.append(f"key: {side.answer_index + 1 if side.answer_index >= 0 else 'unknown'}")
    return "<br>".join(lines)


def _label(side: Side, name: str) -> str:
    group, _, number = name.partition("/")
    if isinstance(side, Dialogue):
        return side.turns[int(number)].role
    return f"{int(number) + 1}" if number else group


def _isolated(text: str, code: str) -> str:
    return f'<span dir="{language(code).direction}" lang="{code}">{_text(text)}</span>'


def _text(text: str) -> str:
    """Return a text in which nothing is Markdown, HTML or a link, and in which invisible marks are seen."""
    shown = INVISIBLE.sub(lambda match: f"(U+{ord(match[0]):04X})", text)
    return _MEANT_BY_MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", shown).replace("\n", "<br>")


def _measured(figures: Mapping[str, Any] | None) -> Iterator[str]:
    yield "## What is measured\n"
    if figures is None:
        yield "No figures yet: `benchmarks/fidelity.py` writes `docs/fidelity-figures.json`.\n"
        return
    yield f"By `benchmarks/fidelity.py`, {figures['date']}, on {figures['machine']}.\n"
    for measured in figures["sets"]:
        alarms = measured["false_alarms"]
        yield (
            f"**{_text(measured['name'])}** ({measured['num_pairs']:,} pairs): of the clean pairs {_percent(alarms['fail'])} "
            f"get a fail, {_percent(alarms['fail_or_warn'])} a fail or a warn. Of the pairs with one fault of a kind, found:\n"
        )
        kinds = [
            (_text(kind["kind"]), f"{kind['num']:,}", _percent(kind["fail"]), _percent(kind["fail_or_warn"]))
            for kind in measured["kinds"]
        ]
        yield _table(("kind of fault", "pairs", "as a fail", "as a fail or a warn"), kinds)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _lexicons() -> Iterator[str]:
    yield "## Lexicons\n"
    yield "Files of `src/qantara/fidelity/lexicons`; a spelling that is missing there is the easiest thing to mend.\n"
    folder = files("qantara.fidelity") / "lexicons"
    names = sorted(path.name.removesuffix(".tsv") for path in folder.iterdir() if path.name.endswith(".tsv"))
    lines = [(f"`{name}.tsv`", f"{len(rows(name)):,}", *(_text(cell) for cell in _header(name))) for name in names]
    yield _table(("lexicon", "rows", "what it is", "origin", "licence"), lines)


def _header(name: str) -> Sequence[str]:
    """Return what a lexicon is, its origin and its licence; remarks on columns, which stand after the licence, are left out."""
    parts = {"what": "", "Origin": "", "Licence": ""}
    current = "what"
    for line in header(name):
        mark, _, rest = line.partition(": ")
        if current == "Licence":
            break
        if mark in parts:
            current, line = mark, rest
        parts[current] = f"{parts[current]} {line}".strip()
    return tuple(parts.values())


def _table(names: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    out = [names, ["---"] * len(names), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in out)


if __name__ == "__main__":
    sys.stdout.write(documentation(read_figures(FIGURES)))
