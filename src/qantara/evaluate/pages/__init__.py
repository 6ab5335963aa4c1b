"""The report and the viewer of an evaluation: static pages that need no network; what they say follows from tables and items."""
