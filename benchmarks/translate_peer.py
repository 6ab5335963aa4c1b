"""Send prompts through bespokelabs-curator; only for the interpreter of the throw-away environment of `translate.py`.

Reads JSONL {"messages": [...]} from the first argument; the second is the server's base URL, the third the calls in flight. Prints
how many were answered. Its cache goes to CURATOR_CACHE_DIR. The settings are those that serve it best: no display, no own limits.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

NO_LIMIT = 1_000_000_000
SETTINGS = {
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "CURATOR_VIEWER": "0",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it is fetched
    "NO_PROXY": "127.0.0.1",
    "OPENAI_API_KEY": "none",
    "TELEMETRY_ENABLED": "false",
}


def tokenizer_folder() -> str:
    """Return the folder of litellm that holds tiktoken's file, which would be fetched otherwise."""
    litellm = importlib.util.find_spec("litellm")
    if litellm is None or litellm.origin is None:
        raise SystemExit("this interpreter has no bespokelabs-curator")
    return str(Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers")


def main() -> None:
    """Send the prompts and print how many were answered."""
    path, url, in_flight = sys.argv[1:]
    os.environ.update(SETTINGS, TIKTOKEN_CACHE_DIR=tokenizer_folder())
    from bespokelabs import curator  # noqa: PLC0415
    from datasets import Dataset  # noqa: PLC0415

    class Translator(curator.LLM):  # type: ignore[misc]
        """One call a row, as the peer's users write it."""

        def prompt(self, row: dict[str, Any]) -> list[dict[str, str]]:
            """Return the row's messages as they are."""
            messages: list[dict[str, str]] = row["messages"]
            return messages

        def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
            """Keep the answer beside the row's number."""
            return {"number": row["number"], "answer": response}

    lines = Path(path).read_text(encoding="utf-8").splitlines()
    rows = [{"number": number, "messages": json.loads(line)["messages"]} for number, line in enumerate(lines)]
    limits = {"max_concurrent_requests": int(in_flight)}
    limits |= {"max_requests_per_minute": NO_LIMIT, "max_tokens_per_minute": NO_LIMIT}
    model = Translator(
        model_name="benchmark-model",
        backend="openai",
        generation_params={"temperature": 0.0, "max_tokens": 2048},
        backend_params={"base_url": url, **limits},
    )
    done = model(Dataset.from_list(rows))
    print(sum(bool(row["answer"]) for row in done.dataset))


if __name__ == "__main__":
    main()
