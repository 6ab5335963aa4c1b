"""Weights: references, loading, quantized experts, adapters, upcycling, scoring."""
