"""The evaluate stage: benchmark items in two languages and more arms, scored, read and compared, with intervals."""

from qantara.evaluate.extracting.extraction import Extraction, extract_choice

__all__ = ["Extraction", "extract_choice"]
