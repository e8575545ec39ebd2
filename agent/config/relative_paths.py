"""Relative paths in the configuration file: they count from the folder of that file.

The schema says which keys are paths. So a new key with a path counts from there, too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote, unquote

from pydantic import BaseModel

from schemas.base import is_elsewhere
from schemas.config import Config

#: Keys with a text that may be a path, or may have one in it.
_CLIPS = frozenset({"source", "record_source"})
_KEY_FILE = "anchor_key"
_NO_FILE = frozenset({"auto"})


def anchored(tree: dict[str, Any], folder: Path, working: Path) -> list[str]:
    """Makes each relative path of a file's `tree` absolute, in place.

    Args:
        tree: what the file says, not checked yet.
        folder: the folder of the file.
        working: the working folder. Versions before 0.2 counted from there. A path that is
            only there stays what it was.

    Returns: A note for each path that still counts from the working folder.
    """
    place = _Place(Path(os.path.abspath(folder)), Path(os.path.abspath(working)))  # noqa: PTH100  links stay
    _walk(tree, Config, (), place)
    return place.notes


class _Place:
    def __init__(self, folder: Path, working: Path) -> None:
        self._folder = folder
        self._working = working
        self.notes: list[str] = []

    def of(self, key: str, path: str) -> str:
        """The absolute path; a relative one counts from the file's folder."""
        if not path or path.startswith("/") or "\0" in path or is_elsewhere(path):
            return path
        wanted, before = self._folder / path, self._working / path
        if before != wanted and not os.path.lexists(wanted) and os.path.lexists(before):
            self.notes.append(
                f"{key}: {path} is taken from the working folder, as before version 0.2; relative"
                f" paths count from the folder of the configuration now: write {before}"
            )
            return str(before)
        if key.endswith("_file") and "/" not in path and not os.path.lexists(wanted):
            return path  # perhaps the secret itself: a message shows folders, and no lone word
        return str(wanted)

    def of_clip(self, key: str, source: str) -> str:
        """A `file:` source with an absolute path; any other one as it is."""
        scheme, _, rest = source.partition(":")
        path, mark, query = rest.partition("?")
        if scheme.lower() != "file" or path.startswith("/"):
            return source
        return f"{scheme}:{quote(self.of(key, unquote(path)))}{mark}{query}"


def _walk(tree: dict[str, Any], model: type[BaseModel], above: tuple[str, ...], at: _Place) -> None:
    for name, field in model.model_fields.items():
        value, key = tree.get(name), ".".join((*above, name))
        if isinstance(value, dict):
            _walk_below(value, field.annotation, (*above, name), at)
        elif not isinstance(value, str):
            continue
        elif name in _CLIPS:
            tree[name] = at.of_clip(key, value)
        elif name == _KEY_FILE or Path in set(_leaves(field.annotation)):
            words = _NO_FILE | set(_leaves(field.annotation))
            tree[name] = value if value in words else at.of(key, value)


def _walk_below(
    value: dict[str, Any], annotation: object, above: tuple[str, ...], at: _Place
) -> None:
    """A block with keys of its own, or blocks by name: the cameras."""
    named = get_origin(annotation) is dict
    for model in _leaves(annotation):
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        if not named:
            _walk(value, model, above, at)
            continue
        for name, inner in value.items():
            if isinstance(inner, dict):
                _walk(inner, model, (*above, str(name)), at)


def _leaves(annotation: object) -> Iterator[Any]:
    """The types and the literal words that an annotation is made of."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif (parts := get_args(annotation)) and not isinstance(annotation, type):
        for part in parts:
            yield from _leaves(part)
    else:
        yield annotation
