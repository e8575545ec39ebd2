"""What pydantic finds wrong with the configuration, in the configuration's own words. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from agent.runtime.redaction import HIDDEN, redact
from schemas.base import kind_of, quoted
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.sizes import ByteCount

Path_ = tuple[str, ...]

#: Bounds a mistake's text, which may quote what was given.
_LONGEST = 300
#: Never shown, not even in the message that calls them wrong.
_SECRET = frozenset({"password", "token"})
#: Blocks that hold secrets: text in a wrong place there may be one.
_BESIDE = frozenset({"mqtt", "reoffer"})
#: Text that may be about a secret.
_SUSPECT = re.compile(r"[@{}\[\]:=]|pas|pwd|psw|token|secret|key|login|auth", re.IGNORECASE)
_ID = "an id has small letters and digits, joined by single underscores, at most 32"
_KEYS = "needs keys of its own, such as `key: value`; leave it out where nothing is set"
_TEXT = "must be text: write it in quotes"
_COMMA = re.compile(r"\s*([-+]?\d{1,15}),(\d{1,15})\s*", re.ASCII)
#: By pydantic's type of error; in braces what it tells of the limit.
_WORDS = {
    "extra_forbidden": "no such key",
    "missing": "is required and missing",
    "less_than_equal": "must be at most {le}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "literal_error": "must be {expected}",
    "model_type": _KEYS,
    "dict_type": _KEYS,
    "tuple_type": "must be a list, such as `[…, …]`",
    "path_type": "must be a path: write it in quotes",
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": _ID,
    "invalid_key": _ID,
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a finite number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "string_too_short": "must have at least {min_length} characters",
    "ip_any_address": "must be an IP address, such as 192.168.1.20",
    "too_short": "must name at least one",
    "too_long": "must have at most {max_length} entries",
}
_CONTAINERS = frozenset({"model_type", "dict_type", "tuple_type", "too_short"})
#: How near a name in a block below must be, from 0 to 1: there are many of them.
_NEAR = 0.8
#: Length of a camera's path.
_CAMERA = 2
#: Limits from here on are of sizes.
_SIZES_FROM = 2**20


def shown(value: object) -> str:
    """A value for people: no secret, and no URL's user and password."""
    if isinstance(value, SecretStr):
        return "**hidden**"
    return "none" if value is None else redact(str(value)).replace(HIDDEN, "**hidden**")


def path_text(path: Path) -> str:
    """The path of a file with a secret, unless somebody may have written the secret itself."""
    text = str(path)
    named = text.startswith(("/", "../", "~"))
    return text if named else "not shown, it may be the secret itself"


def key_text(path: Path_) -> str:
    """A key with those above it; `password:abc`, which YAML takes for a key, up to the colon."""
    parts = (re.sub(r".*@.*|[:=\s].*", "…", part, flags=re.DOTALL) for part in path)
    return ".".join(parts) or "the whole"


def mistake(details: ErrorDetails) -> tuple[Path_, str]:
    """The key, and what is wrong with it."""
    path = tuple(str(part) for part in details["loc"] if part != "[key]")
    kind, given = details["type"], details["input"]
    if kind == "value_error":  # ours: they show the value where that helps
        return path, shown(details["msg"].removeprefix("Value error, "))[:_LONGEST]
    if kind == "extra_forbidden":
        hint = _nearest(path)
        if "did you mean" not in hint and (given is None or path[0] in _BESIDE):
            decimals = path[-1].isdecimal()
            path = (*path[:-1], "…")  # `{password: abc,def}` has a key `def`
            if given is None:
                hint += "; text with a comma is written in quotes"
                hint += ", a number with a point, such as 52.52" if decimals else ""
        return path, _WORDS[kind] + hint
    words = _ID if details["loc"][-1:] == ("[key]",) else _words(kind, details.get("ctx", {}))
    words = _example(path, kind) or words
    if kind == "missing":
        return path, words
    if _SECRET & set(path):
        return path, f"{words}; what was given is not shown"
    nothing_to_show = isinstance(given, dict | BaseModel) or kind in {"too_short", "too_long"}
    if nothing_to_show or (given is None and kind in _CONTAINERS):
        return path, words
    beside = path[0] in _BESIDE and (isinstance(given, str) or kind == "string_type")
    hidden = kind in _CONTAINERS or beside
    if isinstance(given, str) and (number := _COMMA.fullmatch(given)):
        words += f"; write a point: {number[1]}.{number[2]}"
    what, semicolon, help_ = words.partition(";")
    return path, f"{what}, not {kind_of(given) if hidden else _given(given)}{semicolon}{help_}"


def _example(path: Path_, kind: str) -> str | None:
    """What to write where cameras are missing or written another way, as many programs do."""
    if path == ("cameras",):
        what = "is required and missing" if kind == "missing" else "needs cameras by their ids"
        return f"{what}; write `front_door: {{source: …}}` below it"
    if path[0] == "cameras" and len(path) == _CAMERA and kind in _CONTAINERS:
        if path[-1] in CameraConfig.model_fields:
            return f"needs keys; `{path[-1]}` is a key of a camera: indent it below the camera's id"
        return "needs keys; write `source: …` below it"
    if path[0] == "cameras" and path[_CAMERA:] == ("source",) and kind == "missing":
        return f"{_WORDS[kind]}; write the camera's URL, such as `source: rtsp://HOST/PATH`"
    return None


def _words(kind: str, context: dict[str, Any]) -> str:
    return _WORDS.get(kind, "cannot be used").format_map(
        {name: _limit(it) for name, it in context.items()}
    )


def _limit(value: object) -> str:
    if isinstance(value, int) and value >= _SIZES_FROM:
        return str(ByteCount(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _given(value: object) -> str:
    """A wrong value, shortened; its kind alone where it may be, or hold, a secret."""
    suspect = isinstance(value, str) and _SUSPECT.search(value)
    return kind_of(value) if suspect else quoted(value)


def _nearest(path: Path_) -> str:
    model: type[BaseModel] = Config
    for part in path[:-1]:
        model = _model_below(model, part)
    known = list(model.model_fields)
    close = difflib.get_close_matches(path[-1], known, n=1)
    if not close and path[0] not in _BESIDE:
        below = {name.rpartition(".")[2]: name for name in reversed(list(_names_below(model)))}
        near = difflib.get_close_matches(path[-1], below, n=1, cutoff=_NEAR)
        close = [below[name] for name in near]
    return f"; did you mean {close[0]}?" if close else f"; allowed: {', '.join(known)}"


def is_text(path: Path_) -> bool:
    """Whether a key takes text and nothing else that YAML has another way to write."""
    model: type[BaseModel] = Config
    for part in path[:-1]:
        model = _model_below(model, part)
    info = model.model_fields.get(path[-1])
    if info is None:
        return False
    return any(kind in (str, SecretStr, Path) for kind in _kinds(info.annotation))


def _kinds(annotation: object) -> Iterator[object]:
    """What a key takes: `str | None` and `Literal["auto"]` are text, `tuple[str, ...]` is not."""
    origin = get_origin(annotation)
    if origin is Literal:
        yield from (type(word) for word in get_args(annotation))
    elif origin is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for inner in get_args(annotation):
            yield from _kinds(inner)
    else:
        yield annotation


def _names_below(model: type[BaseModel]) -> Iterator[str]:
    """The keys of the blocks within a block, such as `detection.sensitivity`."""
    for part, info in model.model_fields.items():
        for inner in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from (f"{part}.{name}" for name in inner.model_fields)
                yield from (f"{part}.{name}" for name in _names_below(inner))


def _model_below(model: type[BaseModel], part: str) -> type[BaseModel]:
    """The model of the key `part`; below `cameras` the part is a camera's id: the model stays."""
    info = model.model_fields.get(part)
    if info is None:
        return model
    inner = [info.annotation, *getattr(info.annotation, "__args__", ())]  # `tuple[Rule] | None`
    candidates = [it for one in inner for it in (one, *getattr(one, "__args__", ()))]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
