"""Audits anybody's bilingual pairs: every pair checked, the set as a whole, and a page on which a person can see why."""
