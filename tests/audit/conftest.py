"""A few pairs, right and wrong, as rows and as files: what the tests of the audit share."""

import json

import pytest

ROWS = [
    {"id": "right", "source": "Give 5 mg of morphine every 4 hours.", "target": "أعط 5 ملغ من المورفين كل 4 ساعات."},
    {"id": "tenfold", "source": "Take 10 mg of the drug daily.", "target": "تناول 100 ملغ من الدواء يوميًا."},
    {
        "id": "choice",
        "answer_index": "B",
        "source": {"question": "Which dose is right?", "options": ["2 mg", "5 mg", "7 mg"]},
        "target": {"question": "أي جرعة هي الصحيحة؟", "options": ["٢ ملغ", "٥ ملغ", "٧ ملغ"]},
    },
    {
        "id": "talk",
        "source": {"turns": [{"role": "patient", "text": "I feel ill."}, {"role": "doctor", "text": "Take 3 mg."}]},
        "target": {"turns": [{"role": "patient", "text": "أشعر بالمرض."}, {"role": "doctor", "text": "تناول 3 ملغ."}]},
    },
]


@pytest.fixture
def rows():
    """Return rows of four pairs, the second of them ten times the dose."""
    return json.loads(json.dumps(ROWS))


@pytest.fixture
def write_jsonl(tmp_path):
    """Return a function that writes rows (or lines as they are) to a JSONL file and returns its path."""

    def write(rows, name="pairs.jsonl"):
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write
