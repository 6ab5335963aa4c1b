"""The review stage: people decide on what the machine doubts, and on a random share of what it accepted."""
