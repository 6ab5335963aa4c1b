"""The choice that a written reply states, in Arabic, English or French; `extraction` is the way in. Never a search for a letter."""
