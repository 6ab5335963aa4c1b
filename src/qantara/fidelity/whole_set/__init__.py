"""The set as a whole: shared targets, leaked passages, near-duplicates, lost stems, answer keys. Start with `observer`.

What no pair shows by itself. Whether a single pair is a translation is for the other rules.
"""

from qantara.fidelity.whole_set.observer import WholeSet
from qantara.fidelity.whole_set.pair import ObservedPair, PairFinding, SetFinding, WholeSetFindings

__all__ = ["ObservedPair", "PairFinding", "SetFinding", "WholeSet", "WholeSetFindings"]
