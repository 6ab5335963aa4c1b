"""How an item is asked: arms, the prompt of each, and the questions that score it. Runs no model."""
