"""The page's own files: read once at the start, served by name; texts and templates, too."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import SimpleNamespace

import jinja2

_KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    kind: str
    tag: str
    body: bytes = field(repr=False)


def static_files() -> dict[str, StaticFile]:
    """Every file of `static`, and the texts as a module."""
    found = {}
    for entry in _package("static").iterdir():
        kind = _KINDS.get("." + entry.name.rpartition(".")[2])
        if kind is not None and entry.is_file():
            found[entry.name] = _static(kind, entry.read_bytes())
    module = f"export default {json.dumps(texts(), ensure_ascii=False)};\n"
    found["texts.js"] = _static(_KINDS[".js"], module.encode())
    return found


def texts() -> dict[str, str]:
    """Every text that people read, by name. Another language is another file of this kind."""
    read: dict[str, str] = json.loads((_package("texts") / "en.json").read_text("utf-8"))
    return read


def templates() -> jinja2.Environment:
    """The templates; all that is put in is escaped."""
    entries = [entry for entry in _package("templates").iterdir() if entry.name.endswith(".html")]
    loader = jinja2.DictLoader({entry.name: entry.read_text("utf-8") for entry in entries})
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["text"] = SimpleNamespace(**texts())  # a dict has methods of its own
    return environment


def _package(folder: str) -> Traversable:
    return files("agent.page") / folder


def _static(kind: str, body: bytes) -> StaticFile:
    return StaticFile(kind, hashlib.sha256(body).hexdigest()[:16], body)
