"""The evaluate stage: the same items in two languages, before and after training, with intervals."""
