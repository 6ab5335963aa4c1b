"""How fast and how big translation memory and glossary are: a TMX of many entries written, loaded and asked, terms looked up.

Times are the process's own CPU seconds. Entries are made from seeded words, so that every text is another one. `--terms` is
JSONL with `en` and `ar` (real terms, repeated with numbers up to `--num-terms`), `--texts` is JSONL with `en`: the records that
terms are looked for in.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from qantara.fidelity.terms import Glossary
from qantara.translator.memory import Entry, build_memory
from qantara.translator.terms_prompt import term_lines
from qantara.translator.tmx import read_tmx, write_tmx

DIRECTION = ("en", "ar")
ENGLISH = "the patient takes five milligrams of this drug daily after every meal for pressure pain fever and cough"
ARABIC = "يتناول المريض خمسة ملغ من هذا الدواء يوميا بعد كل وجبة لعلاج ارتفاع الضغط والألم والحمى والسعال"
WORDS_A_TEXT = 14
NUM_ASKED = 200_000


def entries(count: int, seed: int) -> Iterator[Entry]:
    """Yield entries of about 80 characters a side; one source in a hundred has two targets."""
    draw = random.Random(seed)
    english, arabic = ENGLISH.split(), ARABIC.split()
    source = ""
    for i in range(count):
        if i % 100 != 1:
            source = f"{' '.join(draw.choices(english, k=WORDS_A_TEXT))} {i}"
        target = f"{' '.join(draw.choices(arabic, k=WORDS_A_TEXT))} {i}"
        yield Entry(id=str(i), role="answer", source=source, target=target, decided_by="machine")


def resident_mb() -> float:
    """Return the process's resident memory in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def measure_memory(count: int, seed: int) -> None:
    """Print the time and size of writing, loading and asking a memory of `count` entries."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory.tmx"
        began = time.process_time()
        write_tmx(path, entries(count, seed), DIRECTION)
        written, size_mb = time.process_time(), path.stat().st_size / 1e6
        before_mb = resident_mb()
        memory = build_memory(read_tmx(path, DIRECTION, Counter()), DIRECTION)
        loaded = time.process_time()
    print(
        f"{count} entries, {size_mb:.0f} MB of TMX: written in {written - began:.1f} s, loaded in {loaded - written:.1f} s"
    )
    print(f"{len(memory)} sources, {memory.num_ambiguous} ambiguous; memory grew by {resident_mb() - before_mb:.0f} MB")
    asked = [entry.source for entry in entries(min(count, NUM_ASKED), seed)]
    began = time.process_time()
    hits = sum(len(memory.find({"answer": text}, DIRECTION)) for text in asked)
    hit_seconds = time.process_time() - began
    began = time.process_time()
    misses = sum(not memory.find({"answer": f"{text}."}, DIRECTION) for text in asked)
    miss_seconds = time.process_time() - began
    print(f"{hits / hit_seconds:,.0f} hits/s, {misses / miss_seconds:,.0f} misses/s")


def measure_terms(terms: Path, texts: Path, num_terms: int) -> None:
    """Print the time that the look-up of terms takes a record."""
    rows = [json.loads(line) for line in terms.read_text(encoding="utf-8").splitlines()]
    accepted = {row["en"]: (row["ar"],) for row in rows}
    accepted |= {f"{rows[i % len(rows)]['en']} {i}": ("x",) for i in range(num_terms - len(accepted))}
    glossary = Glossary(accepted)
    records = [{"text": json.loads(line)["en"]} for line in texts.read_text(encoding="utf-8").splitlines()]
    term_lines(glossary, records[0], "en")
    began = time.process_time()
    found = [term_lines(glossary, fields, "en") for fields in records]
    micros = (time.process_time() - began) / len(records) * 1e6
    words = sum(len(fields["text"].split()) for fields in records) / len(records)
    with_terms = [lines for lines in found if lines.text]
    mean = sum(lines.num_terms for lines in with_terms) / len(with_terms)
    print(f"{len(accepted)} terms, {len(records)} records of {words:.0f} words: {micros:.0f} us a record")
    print(f"{len(with_terms)} of them have terms, {mean:.1f} each; {sum(lines.num_cut for lines in found)} terms cut")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--terms", type=Path)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--num-terms", type=int, default=10_000)
    arguments = parser.parse_args()
    measure_memory(arguments.entries, arguments.seed)
    if arguments.terms and arguments.texts:
        measure_terms(arguments.terms, arguments.texts, arguments.num_terms)


if __name__ == "__main__":
    main()
