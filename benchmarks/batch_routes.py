"""An OpenAI-compatible batch server on loopback: files, batches and their states, all in memory.

    python benchmarks/batch_routes.py --port 0

Prints its port and serves until it is ended. A prompt of the translator or the judge is answered as `model_server.py` does, any
other by its first word ("status 400", "long", "empty"; else "answer to ..."). POST /control sets `Switches` by name; GET /stats
tells what was uploaded and created, and how often each custom_id was run, that is paid for.
"""

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from model_server import answer

Json = dict[str, Any]
ENDPOINT = "/v1/chat/completions"
_PAGE = 20


@dataclass
class Switches:
    """What the server does; `expire_share` of a batch is run before it expires, for the next `expire_batches` batches."""

    delay_seconds: float = 0.0  # from creation to the end, in equal parts validating, in_progress and finalizing
    expire_share: float = 0.5
    expire_batches: int = 0
    fail_validation: str = ""  # the code of an error for every batch
    hold_create: str = (
        ""  # "before": a create is not answered and makes nothing; "after": it makes a batch and is not answered
    )
    refuse_create: int = 0  # an HTTP status for every create
    cut_downloads: int = 0  # the next so many downloads break off in the middle


@dataclass
class State:
    """Files by id, batches by id in the order of creation, and counts."""

    switches: Switches = field(default_factory=Switches)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Json] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, Json] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


STATE = web.AppKey("STATE", State)


def batch_routes(app: web.Application) -> None:
    """Add the batch protocol to an application."""
    app[STATE] = State()
    app.router.add_post("/v1/files", upload)
    app.router.add_get("/v1/files/{id}/content", download)
    app.router.add_post("/v1/batches", create)
    app.router.add_get("/v1/batches", list_batches)
    app.router.add_get("/v1/batches/{id}", get_batch)
    app.router.add_post("/v1/batches/{id}/cancel", cancel)
    app.router.add_post("/control", control)
    app.router.add_get("/stats", stats)


async def upload(request: web.Request) -> web.Response:
    """Take a file of purpose "batch"."""
    state = request.app[STATE]
    form = await request.post()
    file = form.get("file")
    if form.get("purpose") != "batch" or not isinstance(file, web.FileField):
        return _error(400, "a file of purpose batch is needed")
    state.keys.add(request.headers.get("Authorization", ""))
    state.counts["uploads"] += 1
    file_id = _store(state, file.file.read())
    return web.json_response({"id": file_id, "object": "file", "purpose": "batch", "filename": file.filename})


async def download(request: web.Request) -> web.StreamResponse:
    """Send the content of a file, or half of it."""
    state = request.app[STATE]
    content = state.files.get(request.match_info["id"])
    state.counts["downloads"] += 1
    if content is None:
        return _error(404, "no such file")
    if state.switches.cut_downloads:
        state.switches.cut_downloads -= 1
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[: len(content) // 2])
        if request.transport is not None:
            request.transport.close()
        return response
    return web.Response(body=content)


async def create(request: web.Request) -> web.Response:
    """Make a batch of an uploaded file and start on it."""
    state, body = request.app[STATE], await request.json()
    state.counts["creates"] += 1
    if state.switches.refuse_create:
        return _error(state.switches.refuse_create, "no")
    if state.switches.hold_create == "before":
        await asyncio.sleep(600)
        return _error(503, "never made")
    if body.get("input_file_id") not in state.files or body.get("endpoint") != ENDPOINT:
        return _error(400, "no such file or endpoint")
    batch = {
        "id": f"batch_{next(state.numbers):06}",
        "object": "batch",
        "endpoint": body["endpoint"],
        "input_file_id": body["input_file_id"],
        "completion_window": body["completion_window"],
        "status": "validating",
        "created_at": int(time.time()),
        "metadata": body.get("metadata"),
    }
    state.batches[batch["id"]] = batch
    task = asyncio.create_task(_work(state, batch))
    state.tasks.add(task)
    task.add_done_callback(state.tasks.discard)
    if state.switches.hold_create == "after":
        await asyncio.sleep(600)
    return web.json_response(batch)


async def list_batches(request: web.Request) -> web.Response:
    """List batches, newest first, a page at a time."""
    state = request.app[STATE]
    newest = list(reversed(state.batches))
    after = request.query.get("after")
    start = newest.index(after) + 1 if after else 0
    end = start + min(int(request.query.get("limit", _PAGE)), _PAGE)  # smaller pages than allowed: clients must go on
    page = [state.batches[name] for name in newest[start:end]]
    state.counts["lists"] += 1
    return web.json_response({"object": "list", "data": page, "has_more": end < len(newest)})


async def get_batch(request: web.Request) -> web.Response:
    """Tell the state of a batch."""
    request.app[STATE].counts["looks"] += 1
    batch = request.app[STATE].batches.get(request.match_info["id"])
    return _error(404, "no such batch") if batch is None else web.json_response(batch)


async def cancel(request: web.Request) -> web.Response:
    """Stop a batch; what is half done then is kept."""
    batch = request.app[STATE].batches[request.match_info["id"]]
    batch["status"] = "cancelling"
    return web.json_response(batch)


async def control(request: web.Request) -> web.Response:
    """Set switches; those that are not named go back to their defaults. {"forget": true} forgets batches, files and counts."""
    state, told = request.app[STATE], await request.json()
    if told.pop("forget", False):
        for kept in (state.paid, state.bodies, state.counts, state.batches, state.files, state.keys):
            kept.clear()
    state.switches = Switches(**told)
    return web.json_response(asdict(state.switches))


async def stats(request: web.Request) -> web.Response:
    """Tell what was asked, and how often each custom_id was run."""
    state = request.app[STATE]
    states = [batch["status"] for batch in state.batches.values()]
    told = {"paid": state.paid, "bodies": state.bodies, "keys": sorted(state.keys), "states": states, **state.counts}
    return web.json_response(told)


async def _work(state: State, batch: Json) -> None:
    """Take a batch through its states."""
    switches = state.switches
    await asyncio.sleep(switches.delay_seconds / 3)
    lines, faults = _read(state.files[batch["input_file_id"]])
    if switches.fail_validation:
        faults = [{"code": switches.fail_validation, "message": "no", "line": None}]
    if faults:
        batch.update(status="failed", failed_at=int(time.time()), errors={"object": "list", "data": faults})
        return
    expires = switches.expire_batches > 0
    switches.expire_batches -= expires
    if batch["status"] == "validating":
        batch["status"] = "in_progress"
    await asyncio.sleep(switches.delay_seconds / 3)
    was_cancelled = batch["status"] == "cancelling"
    num_run = int(len(lines) * switches.expire_share) if expires or was_cancelled else len(lines)
    outcomes = [_run(state, line) for line in lines[:num_run]]
    code = "batch_cancelled" if was_cancelled else "batch_expired"
    outcomes += [_line(line, None, {"code": code, "message": "not run"}) for line in lines[num_run:]]
    if not was_cancelled:
        batch["status"] = "finalizing"
    await asyncio.sleep(switches.delay_seconds / 3)
    _finish(state, batch, outcomes)
    batch["status"] = "cancelled" if was_cancelled else "expired" if expires else "completed"


def _finish(state: State, batch: Json, outcomes: Sequence[Json]) -> None:
    """Write output and error file, in another order than asked for."""
    good = [line for line in outcomes if line["response"] and line["response"]["status_code"] == 200]
    bad = [line for line in outcomes if line not in good]
    for name, lines in (("output_file_id", good), ("error_file_id", bad)):
        if lines:
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in reversed(lines))
            batch[name] = _store(state, text.encode("utf-8"))
    batch["request_counts"] = {"total": len(outcomes), "completed": len(good), "failed": len(bad)}


def _read(content: bytes) -> tuple[list[Json], list[Json]]:
    """Return the lines of a batch file and what is wrong with it."""
    lines = [json.loads(line) for line in content.splitlines()]
    faults = []
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line["custom_id"] in seen:
            faults.append({"code": "duplicate_custom_id", "line": number})
        if (line["method"], line["url"]) != ("POST", ENDPOINT):
            faults.append({"code": "invalid_url", "line": number})
        if line["body"]["model"] != lines[0]["body"]["model"]:
            faults.append({"code": "mismatched_model", "line": number})
        seen.add(line["custom_id"])
    return lines, faults if lines else [{"code": "empty_file", "line": None}]


def _run(state: State, line: Json) -> Json:
    """Answer one line; a whole answer is paid for."""
    body = line["body"]
    state.bodies[line["custom_id"]] = body
    asked = body["messages"][-1]["content"]
    word, _, argument = asked.partition(" ")
    state.counts[f"asked {asked}"] += 1
    if word == "status" or (word == "once" and state.counts[f"asked {asked}"] == 1):
        told = {"error": {"message": "maximum context length" if "context" in argument else "no", "code": None}}
        return _line(line, {"status_code": int(argument.split()[0]), "request_id": "r", "body": told}, None)
    state.paid[line["custom_id"]] += 1
    is_known = "<f id=" in asked or body["messages"][0]["content"].startswith("You are a bilingual physician")
    text = {"empty": "", "long": "a"}.get(word, answer(body["messages"], 0) if is_known else f"answer to {asked}")
    completion = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "served-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": "length" if word == "long" else "stop",
                "message": {"role": "assistant", "content": text},
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }
    return _line(line, {"status_code": 200, "request_id": "r", "body": completion}, None)


def _line(line: Json, response: Json | None, error: Json | None) -> Json:
    return {"id": f"req_{line['custom_id']}", "custom_id": line["custom_id"], "response": response, "error": error}


def _store(state: State, content: bytes) -> str:
    name = f"file-{next(state.numbers):06}"
    state.files[name] = content
    return name


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)


async def serve(port: int) -> None:
    """Serve until the process ends."""
    app = web.Application(client_max_size=1 << 30)
    batch_routes(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="An OpenAI-compatible batch server on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    asyncio.run(serve(parser.parse_args().port))
