"""Three existing number checkers beside ours, on `fidelity_cases.jsonl` (right and wrong pairs by hand) and on --pairs files.

Two are GPL (translate-toolkit, bicleaner-hardrules) and OpusFilter (MIT) is heavy, so none is a dependency: a child process runs
them in an environment to throw away (tried: opusfilter 3.3.1, translate-toolkit 3.20.4, bicleaner-hardrules 2.10.8), made by
    python3 -m venv PEERS && PEERS/bin/pip install opusfilter translate-toolkit sacremoses toolwrapper
    PEERS/bin/pip install --no-deps bicleaner-hardrules    # the fastText and KenLM it asks for are not used by its number rule
A line of --pairs has an `id` and `source` and `target`, or `en` and `ar`, or `question_en`, `choices_en` and the same in `ar`.
"""

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qantara.fidelity.check import check
from qantara.languages import ARABIC_INDIC_DIGITS, WESTERN_DIGITS

HERE = Path(__file__).parent
NUMERIC = frozenset({"number", "decimal", "dual", "range", "ratio", "exponent", "fraction", "percent"})


@dataclass(frozen=True)
class Verdicts:
    """What each checker said of the same pairs, in their order, and the seconds it took without its imports."""

    rejects: dict[str, list[bool]]
    seconds: dict[str, float]


def read_pairs(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file, each with `source` and `target`; question and options become one text, a line each."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        for side, language in (("source", "en"), ("target", "ar")):
            if f"question_{language}" in row:
                row[side] = "\n".join([row[f"question_{language}"], *row[f"choices_{language}"]])
            elif language in row:
                row[side] = row[language]
    return rows


def with_arabic_digits(pairs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pairs with every Western digit of the target written as an Arabic-Indic one: a right pair stays right."""
    digits = str.maketrans(WESTERN_DIGITS, ARABIC_INDIC_DIGITS)
    return [pair | {"target": pair["target"].translate(digits)} for pair in pairs]


def peer_verdicts(python: str, pairs: list[dict[str, Any]]) -> Verdicts:
    """Run the three peers in a child process of the interpreter `python`."""
    lines = "".join(json.dumps({key: pair[key] for key in ("id", "source", "target")}) + "\n" for pair in pairs)
    command = [python, str(HERE / "fidelity_peers_child.py")]
    answer = subprocess.run(command, input=lines, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    head, *rows = [json.loads(line) for line in answer.splitlines()]
    if [row["id"] for row in rows] != [pair["id"] for pair in pairs]:
        raise ValueError("the child process answered for other pairs than it was given")
    seconds: dict[str, float] = head["seconds"]
    return Verdicts({name: [row[name] == "reject" for row in rows] for name in seconds}, seconds)


def own_verdicts(pairs: list[dict[str, Any]]) -> Verdicts:
    """Run our check on the same texts; a pair is rejected when any finding is a fail."""
    started = time.perf_counter()
    found = [check(pair["source"], pair["target"], source_language="en", target_language="ar") for pair in pairs]
    seconds = time.perf_counter() - started
    return Verdicts({"qantara": [any(one.severity == "fail" for one in each) for each in found]}, {"qantara": seconds})


def all_verdicts(python: str, pairs: list[dict[str, Any]], own: bool) -> Verdicts:
    """Return the verdicts of the peers and, if asked, of our check."""
    peers = peer_verdicts(python, pairs)
    if not own:
        return peers
    ours = own_verdicts(pairs)
    return Verdicts(peers.rejects | ours.rejects, peers.seconds | ours.seconds)


def share(rejects: list[bool], chosen: list[bool]) -> str:
    """Return the share of the chosen pairs that were rejected, with its counts."""
    hits = sum(reject for reject, choose in zip(rejects, chosen, strict=True) if choose)
    return f"{hits / sum(chosen):.1%} ({hits}/{sum(chosen)})"


def table(cases: list[dict[str, Any]], on_cases: Verdicts, on_files: dict[str, Verdicts]) -> list[list[str]]:
    """Return the header and one row a checker; speed is over all pairs of cases and files."""
    chosen = {
        "right cases rejected": [not case["wrong"] for case in cases],
        "wrong cases caught": [case["wrong"] for case in cases],
        "of these, numbers": [case["wrong"] and case["kind"] in NUMERIC for case in cases],
    }
    rows = [["checker", *chosen, *(f"{name} rejected" for name in on_files), "pairs a second"]]
    for name, rejects in on_cases.rejects.items():
        shares = [share(rejects, choice) for choice in chosen.values()]
        shares += [share(run.rejects[name], [True] * len(run.rejects[name])) for run in on_files.values()]
        runs = [on_cases, *on_files.values()]
        speed = sum(len(run.rejects[name]) for run in runs) / sum(run.seconds[name] for run in runs)
        rows.append([name, *shares, f"{speed:,.0f}"])
    return rows


def verdict_rows(pairs: list[dict[str, Any]], run: Verdicts) -> list[dict[str, str]]:
    """Return one row a pair: its id and what each checker said."""
    words = {name: ["reject" if reject else "accept" for reject in rejects] for name, rejects in run.rejects.items()}
    return [{"id": pair["id"], **{name: said[at] for name, said in words.items()}} for at, pair in enumerate(pairs)]


def main() -> None:
    """Run the checkers on the cases and on --pairs, print the table and write the verdicts on --pairs to --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="interpreter of the environment that holds the peers")
    parser.add_argument("--pairs", type=Path, nargs="*", default=[], metavar="FILE.jsonl")
    parser.add_argument("--out", type=Path, help="JSONL: id and verdict of each checker, for every pair run")
    parser.add_argument(
        "--arabic-digits", action="store_true", help="run --pairs a second time with Arabic-Indic digits"
    )
    parser.add_argument("--own", action="store_true", help="add our check as a row")
    parser.add_argument("--show", action="store_true", help="print the verdicts on every case, too")
    arguments = parser.parse_args()
    cases = read_pairs(HERE / "fidelity_cases.jsonl")
    on_cases = all_verdicts(arguments.python, cases, arguments.own)
    files = {path.stem: read_pairs(path) for path in arguments.pairs}
    if arguments.arabic_digits:
        files |= {f"{name}, Arabic-Indic digits,": with_arabic_digits(pairs) for name, pairs in files.items()}
    on_files = {name: all_verdicts(arguments.python, pairs, arguments.own) for name, pairs in files.items()}
    if arguments.show:
        for case, row in zip(cases, verdict_rows(cases, on_cases), strict=True):
            print("wrong" if case["wrong"] else "right", *row.values(), case["source"], case["target"], sep="\t")
    for cells in table(cases, on_cases, on_files):
        print("| " + " | ".join(cells) + " |")
    if arguments.out:
        rows = [row for name, run in on_files.items() for row in verdict_rows(files[name], run)]
        arguments.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
