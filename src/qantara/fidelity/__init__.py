"""Fidelity: what a translation changed. A source and a target record go in, findings come out; nothing is mended here.

One rule file a concern (structure, numbers, script, length, leaks), each a set of pure functions on texts; `check` runs them all.
Words and spellings are data, in `lexicons/`. Negation, laterality and drug names are not covered yet.
"""
