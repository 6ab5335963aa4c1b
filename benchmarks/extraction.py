"""Existing extractors beside `extract_choice`, on the replies of `tests/evaluate/extracting/replies.jsonl` (by hand, synthetic).

lm-eval's filters are built from its task files as installed. HELM and lighteval are no dependencies: --peers is a folder with their
wheels unpacked (tried: crfm-helm 0.5.16, lighteval 0.13.0, lm-eval 0.4.13), made by
    pip download --no-deps -d PEERS crfm-helm==0.5.16 lighteval==0.13.0
    cd PEERS && for wheel in *.whl; do unzip -qo $wheel -d ${wheel%%-*}; done
lighteval's module needs sympy, torch and datasets, which the lm-eval extra brings. All run as they are; nothing of them is copied.
A peer answers only for the languages and labels that it has a pattern for ("-" elsewhere). The replies were written for Qantara
and its rules were mended on them, so this finds faults; it is no rate in the wild. --rows names the replies that a peer gets wrong.
"""

import argparse
import ast
import importlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from qantara.evaluate.extracting.extraction import extract_choice
from qantara.languages import LANGUAGES, fold

REPLIES = Path(__file__).parent.parent / "tests" / "evaluate" / "extracting" / "replies.jsonl"
Row = dict[str, Any]
Extractor = Callable[[list[Row]], list[str | int | None]]  # labels, indexes, None where the peer reads nothing
NOT_MEANT = -1


def label_set(row: Row) -> str:
    """Return "Latin", "Arabic" or "digits"."""
    first = str(row["labels"][0])
    return "digits" if first.isdigit() else "Latin" if first.isascii() else "Arabic"


def position(label: str, labels: list[str]) -> int | None:
    """Return the place of a peer's label in the question's labels, or else among the letters of a language."""
    wanted = fold(label.strip(" ().*"))
    for letters in (labels, *(language.option_letters[: len(labels)] for language in LANGUAGES.values())):
        folded = [fold(letter) for letter in letters]
        if wanted in folded:
            return folded.index(wanted)
    return None


def ours(rows: list[Row]) -> list[str | int | None]:
    """Return what `extract_choice` reads."""
    return [extract_choice(row["reply"], row["labels"], row["options"]).index for row in rows]


def lm_eval_filter(task_file: str, name: str) -> Extractor:
    """Return the filter of a name as lm-eval builds it from one of its task files."""
    importlib.import_module("lm_eval.filters")  # which registers them
    get_filter = importlib.import_module("lm_eval.api.registry").get_filter

    class Loader(yaml.SafeLoader):
        """Reads lm-eval's files, its functions left out."""

    Loader.add_constructor("!function", lambda loader, node: None)
    path = Path(str(importlib.import_module("lm_eval").__file__)).parent / "tasks" / task_file
    entries = yaml.load(path.read_text(encoding="utf-8"), Loader)["filter_list"]
    steps = next(entry["filter"] for entry in entries if entry["name"] == name)
    filters = [get_filter(step["function"])(**{k: v for k, v in step.items() if k != "function"}) for step in steps]

    def extract(rows: list[Row]) -> list[str | int | None]:
        found: Any = [[row["reply"]] for row in rows]
        for one in filters:
            found = list(one.apply(found, [{"choices": row["options"] or row["labels"]} for row in rows]))
        return [str(answer) for answer in found]

    return extract


def where(is_meant: Callable[[Row], bool], extract: Extractor) -> Extractor:
    """Return an extractor that answers for the rows it is meant for alone."""

    def extract_some(rows: list[Row]) -> list[str | int | None]:
        answers = iter(extract([row for row in rows if is_meant(row)]))
        return [next(answers) if is_meant(row) else NOT_MEANT for row in rows]

    return extract_some


def mmlu_prox() -> Extractor:
    """Return lm-eval's MMLU-ProX patterns, each for its language; they read Latin letters."""
    by_language = {
        code: lm_eval_filter(f"mmlu_prox/{code}/_{code}_template_yaml", "custom-extract") for code in ("en", "ar", "fr")
    }

    def extract(rows: list[Row]) -> list[str | int | None]:
        return [by_language.get(row["language"], by_language["ar"])([row])[0] for row in rows]

    return where(lambda row: label_set(row) != "digits", extract)


def flan() -> Extractor:
    """Return lm-eval's flexible filter of MMLU with chain of thought, which reads English."""
    extract = lm_eval_filter("mmlu/flan_cot_zeroshot/_mmlu_flan_cot_zeroshot_template_yaml", "flexible-extract")
    return where(lambda row: row["language"] == "en" and label_set(row) == "Latin", extract)


def helm(peers: Path) -> Extractor:
    """Return HELM's output mapping for Arabic multiple choice, its pattern and function taken out of its files."""
    folder = peers / "crfm_helm" / "helm" / "benchmark"
    names: dict[str, Any] = {"re": re}
    wanted = {"_ARABIC_OUTPUT_MAPPING_PATTERN", "_apply_output_mapping_pattern"}
    for file in ("run_specs/arabic_run_specs.py", "metrics/evaluate_reference_metrics.py"):
        tree = ast.parse((folder / file).read_text(encoding="utf-8"))
        kept = [node for node in tree.body if wanted & _names(node)]
        exec(compile(ast.Module(kept, []), file, "exec"), names)
    apply, pattern = names["_apply_output_mapping_pattern"], names["_ARABIC_OUTPUT_MAPPING_PATTERN"]
    return where(
        lambda row: label_set(row) == "Arabic", lambda rows: [apply(pattern, row["reply"].strip()) for row in rows]
    )


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    return (
        {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.Assign)
        else set()
    )


def lighteval(peers: Path) -> Extractor:
    """Return lighteval's extraction of indices as its multilingual metrics call it, for the row's language and labels."""
    sys.path.insert(0, str(peers / "lighteval"))
    utils = importlib.import_module("lighteval.metrics.utils.extractive_match_utils")
    known = importlib.import_module("lighteval.utils.language").Language
    languages = {"en": known.ENGLISH, "fr": known.FRENCH}
    prefixes = {"Latin": "Letters", "Arabic": "NativeLetters", "digits": "Numbers"}

    def extract(row: Row) -> str | None:
        language = languages.get(row["language"], known.ARABIC)
        if label_set(row) == "Arabic":
            language = known.ARABIC
        config = utils.IndicesExtractionConfig(prefix_for_extraction=prefixes[label_set(row)])
        patterns = utils.get_extraction_regexes_inspect([config], language, len(row["labels"]))
        found = utils.extract_target_from_pred(row["reply"], patterns, "no_fallback", "any_match")
        return str(found[0]) if found else None

    return lambda rows: [extract(row) for row in rows]


def outcome(row: Row, answer: str | int | None) -> str:
    """Return "right", "wrong letter", "missed" (an answer not read) or "rightly none"."""
    index = position(answer, row["labels"]) if isinstance(answer, str) else answer
    if index is None:
        return "rightly none" if row["expected"] is None else "missed"
    return "right" if index == row["expected"] else "wrong letter"


def main() -> None:
    """Print a table: right / wrong letter / missed, by language and label set, for each extractor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", type=Path, help="folder of unpacked wheels; without it lm-eval alone is compared")
    parser.add_argument("--rows", action="store_true", help="name the replies that are read wrongly")
    options = parser.parse_args()
    rows = [json.loads(line) for line in REPLIES.read_text(encoding="utf-8").splitlines()]
    extractors: dict[str, Extractor] = {
        "qantara": ours,
        "lm-eval mmlu_prox": mmlu_prox(),
        "lm-eval flan flexible": flan(),
    }
    if options.peers:
        extractors |= {"HELM Arabic": helm(options.peers), "lighteval": lighteval(options.peers)}
    groups = sorted({(row["language"], label_set(row)) for row in rows})
    tables: dict[str, dict[tuple[str, str], Counter[str]]] = {}
    for name, extract in extractors.items():
        table = tables[name] = {group: Counter() for group in groups}
        began = time.perf_counter()
        for row, answer in zip(rows, extract(rows), strict=True):
            if answer == NOT_MEANT:
                continue
            result = outcome(row, answer)
            table[row["language"], label_set(row)][result] += 1
            if options.rows and result in ("wrong letter", "missed"):
                print(f"{name}: {row['id']} {result}", file=sys.stderr)
        print(f"{name}: {time.perf_counter() - began:.2f} s", file=sys.stderr)
    print("right / wrong letter / missed / rightly none")
    print("| language, labels | " + " | ".join(tables) + " |")
    print("|---|" + "---|" * len(tables))
    for group in groups:
        print(f"| {group[0]}, {group[1]} | " + " | ".join(cell(table[group]) for table in tables.values()) + " |")
    totals = [cell(sum(table.values(), Counter())) for table in tables.values()]
    print("| all it is meant for | " + " | ".join(totals) + " |")


def cell(counts: Counter[str]) -> str:
    """Return the four counts of a cell, "-" if the extractor isn't meant for it."""
    return (
        " / ".join(str(counts[key]) for key in ("right", "wrong letter", "missed", "rightly none")) if counts else "-"
    )


if __name__ == "__main__":
    main()
