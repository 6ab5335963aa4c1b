"""The report stage: one run folder becomes one HTML page that needs no network."""
