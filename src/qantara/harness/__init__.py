"""What meets lm-eval (0.4.13): our scorer as one of its models, runs as tasks of its own, results as its samples."""
