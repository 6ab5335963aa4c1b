import os
from functools import partial

import pytest

from qantara.audit.checking import CheckSettings
from qantara.audit.pairs import Shape
from qantara.audit.rows import NumberedRow
from qantara.audit.workers import CHUNK_ROWS, check_rows
from qantara.errors import QantaraError

SETTINGS = CheckSettings(Shape(source_language="en", target_language="ar"))


def rows_of(number):
    return (NumberedRow(i, {"source": f"Take {i} mg.", "target": f"تناول {i} ملغ."}) for i in range(1, number + 1))


def numbers(results):
    return [pair.row for result in results for pair in result.pairs]


def test_results_come_in_the_order_of_the_rows_from_several_processes():
    wanted = list(range(1, 5 * CHUNK_ROWS + 4))
    assert numbers(check_rows(SETTINGS, rows_of(len(wanted)), 2)) == wanted


def test_a_small_set_needs_no_other_process(monkeypatch):
    monkeypatch.setattr("qantara.audit.workers.ProcessPoolExecutor", None)
    assert numbers(check_rows(SETTINGS, rows_of(700), 8)) == list(range(1, 701))
    assert numbers(check_rows(SETTINGS, rows_of(5 * CHUNK_ROWS), 1))[-1] == 5 * CHUNK_ROWS
    assert numbers(check_rows(SETTINGS, rows_of(0), 8)) == []


def test_rows_are_read_no_further_ahead_than_a_few_chunks():
    read = []

    def rows():
        for row in rows_of(20 * CHUNK_ROWS):
            read.append(row.number)
            yield row

    results = check_rows(SETTINGS, rows(), 2)
    next(results)
    assert len(read) <= 8 * CHUNK_ROWS
    results.close()


def test_a_worker_that_is_ended_from_outside_is_one_clear_line():
    settings = CheckSettings(SETTINGS.shape, meaning=partial(os._exit, 1))
    with pytest.raises(QantaraError, match="fewer --workers"):
        list(check_rows(settings, rows_of(3 * CHUNK_ROWS), 2))
