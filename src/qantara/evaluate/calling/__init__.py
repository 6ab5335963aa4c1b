"""What goes through language models besides scoring: replies, translations of items and replies, and what they cost."""
