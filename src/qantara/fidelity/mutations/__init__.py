"""The faults that `mutate` makes, by what they change: numbers, words, passages, options."""
