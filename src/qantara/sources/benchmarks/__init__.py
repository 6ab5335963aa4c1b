"""Benchmarks that `qantara evaluate --tasks` takes: one file a data set with its facts, and the reader of any other file.

`loading.load_task` reads one, `catalog.list_tasks` lists them. A row that can't be scored is a `Rejection`, never a wrong answer.
"""
