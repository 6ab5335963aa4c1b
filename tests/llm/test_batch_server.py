"""The batch protocol against a real server: broken downloads, pages, creates of unknown end, and errors in one line."""

import asyncio
import json
import socket

import pytest

from qantara.errors import CallError
from qantara.llm.batch_server import MARK, BatchServer, TurnedDown

LINE = {"custom_id": "k", "method": "POST", "url": "/v1/chat/completions"}
LINE |= {"body": {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 3}}


def connected(url: str, timeout_seconds: float = 30) -> BatchServer:
    return BatchServer(url, "QANTARA_TEST_KEY", timeout_seconds)


def write(path, line=LINE):
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    return path


def test_a_file_goes_up_a_batch_is_made_and_its_lines_come_back(batch_server, tmp_path, monkeypatch):
    monkeypatch.setenv("QANTARA_TEST_KEY", "from-environment")

    async def story() -> list[bytes]:
        server = connected(batch_server.url)
        file_id = await server.upload(write(tmp_path / "a.jsonl"))
        batch_id = await server.create(file_id, "receipt-1", "24h")
        while (batch := await server.get(f"/batches/{batch_id}"))["status"] != "completed":
            await asyncio.sleep(0.02)
        assert batch["metadata"] == {MARK: "receipt-1"}
        return [line async for line in server.lines(batch["output_file_id"])]

    [line] = asyncio.run(story())
    assert json.loads(line)["custom_id"] == "k"
    assert "Bearer from-environment" in batch_server.stats["keys"]


def test_a_download_that_breaks_off_begins_again(batch_server, tmp_path):
    async def story() -> list[bytes]:
        server = connected(batch_server.url)
        file_id = await server.upload(write(tmp_path / "a.jsonl"))
        batch_server.set(cut_downloads=2)
        return [line async for line in server.lines(file_id)]

    [line] = asyncio.run(story())
    assert json.loads(line) == LINE


def test_a_batch_is_found_by_its_receipt_pages_away(batch_server, tmp_path):
    async def story() -> tuple[dict[str, str], dict[str, str]]:
        server = connected(batch_server.url)
        file_id = await server.upload(write(tmp_path / "a.jsonl"))
        made = {name: await server.create(file_id, name, "24h") for name in (f"old-{i}" for i in range(45))}
        return made, await server.find({"old-0", "old-44", "never made"}, 0.0)

    made, found = asyncio.run(story())
    assert found == {name: made[name] for name in ("old-0", "old-44")}
    assert batch_server.stats["lists"] >= 3


def test_a_create_of_unknown_end_is_looked_for_and_not_repeated(batch_server, tmp_path):
    async def story() -> str:
        server = connected(batch_server.url, timeout_seconds=0.5)
        file_id = await server.upload(write(tmp_path / "a.jsonl"))
        batch_server.set(hold_create="after")  # it is made, and nobody hears of it
        return await server.create(file_id, "unknown-end", "24h")

    batch_id = asyncio.run(story())
    assert batch_server.stats["creates"] == 1
    newest = batch_server.call("/v1/batches?limit=1")["data"][0]
    assert (newest["id"], newest["metadata"]) == (batch_id, {MARK: "unknown-end"})


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_batch_that_is_turned_down_is_told_apart_in_one_line(batch_server, tmp_path, status):
    async def story() -> None:
        server = connected(batch_server.url)
        file_id = await server.upload(write(tmp_path / "a.jsonl"))
        batch_server.set(refuse_create=status)
        await server.create(file_id, "r", "24h")

    with pytest.raises(TurnedDown, match=f"HTTP {status}") as caught:
        asyncio.run(story())
    assert "\n" not in str(caught.value)
    assert batch_server.stats["creates"] == 1


def test_a_batch_that_is_gone_and_a_server_that_is_not_there_are_one_line(batch_server):
    with pytest.raises(CallError, match="no such path, file or batch") as caught:
        asyncio.run(connected(batch_server.url).get("/batches/none"))
    assert not isinstance(caught.value, TurnedDown)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(CallError, match=rf"http://127.0.0.1:{port}/v1.*connection.*3 tries"):
        asyncio.run(connected(f"http://127.0.0.1:{port}/v1").get("/batches"))
