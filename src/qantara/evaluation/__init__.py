"""A model evaluated from end to end: what `qantara evaluate` calls. Tasks, model, translator in; a folder of results out."""
