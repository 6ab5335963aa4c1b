"""Qantara takes a medical language model across a language barrier. Research software, not a medical device."""

__version__ = "0.1.0"
