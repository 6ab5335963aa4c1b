"""Weights: references, loading, quantized experts, adapters, upcycling, scoring."""

import logging

# It warns at import that an optional kernel of the hub isn't installed; `loading` keeps such kernels away, they have no backward.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
