import io

from rich.console import Console

from qantara.audit.bar import LateBar


def moved(monkeypatch, seconds, *, is_terminal=True):
    clock = iter([0.0, *[seconds] * 1000])
    monkeypatch.setattr("qantara.audit.bar.time.monotonic", lambda: next(clock))
    file = io.StringIO()
    with LateBar(Console(file=file, force_terminal=is_terminal, width=80)) as bar:
        bar.start("checking", 10)(3)
        bar.start("joining", None)(1)
    return file.getvalue()


def test_what_is_soon_done_shows_no_bar(monkeypatch):
    assert moved(monkeypatch, 1.0) == ""


def test_a_bar_comes_after_two_seconds_but_not_into_a_log(monkeypatch):
    assert "joining" in moved(monkeypatch, 3.0)
    assert "joining" not in moved(monkeypatch, 3.0, is_terminal=False)
