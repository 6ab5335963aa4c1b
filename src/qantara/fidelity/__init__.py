"""Fidelity: what a translation changed. Source and target go in, findings come out; nothing is mended here.

`check` runs all deterministic rules. Words and spellings are data, in `lexicons/`; `mutate` makes faults on purpose.
"""

from qantara.fidelity.check import check
from qantara.records import Finding

__all__ = ["Finding", "check"]
