"""A judge's answer: does the doctor's advice agree with the item? One JSON object; what can't be read is no verdict."""

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from qantara.llm.readable import json_object

Verdict = Literal["agrees", "contradicts", "unclear"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    verdict: Verdict
    reason: str = ""


def schema() -> str:
    """Return the JSON Schema of a judge's answer, for servers that can enforce one."""
    verdict = {"type": "string", "enum": ["agrees", "contradicts", "unclear"]}
    answer = {
        "type": "object",
        "properties": {"verdict": verdict, "reason": {"type": "string"}},
        "required": ["verdict", "reason"],
        "additionalProperties": False,
    }
    return json.dumps(answer, sort_keys=True, separators=(",", ":"))


def read_verdict(text: str) -> Verdict | None:
    """Return the verdict of an answer, or None when it can't be read; text around the object is allowed."""
    try:
        return _Answer.model_validate(json_object(text)).verdict
    except ValidationError:
        return None
