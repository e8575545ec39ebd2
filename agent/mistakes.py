"""What pydantic finds wrong with the configuration, in the configuration's own words. Pure."""

from __future__ import annotations

import difflib
import re
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from agent.runtime.logs import redact
from schemas.config import Config
from schemas.sizes import ByteCount

Path_ = tuple[str, ...]

#: Bounds a mistake's text, which may quote what was given.
_LONGEST = 300
#: Never shown, not even in the message that calls them wrong.
_SECRET = frozenset({"password", "token"})
_ID = "an id has small letters and digits, joined by single underscores, at most 32"
_KEYS = "needs keys of its own, such as `key: value`; leave it out where nothing is set"
_TEXT = "must be text: write it in quotes"
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
    "too_short": "must name at least one",
    "too_long": "must have at most {max_length} entries",
}
#: Limits from here on are of sizes.
_SIZES_FROM = 2**20


def shown(value: object) -> str:
    """A value for people: no secret, and no URL's user and password."""
    if isinstance(value, SecretStr):
        return "**hidden**"
    if isinstance(value, str):
        text = re.sub(r"(?<=://)[^/@\s]+@", "**hidden**@", value)
        return redact(text).replace("***@", "**hidden**@") if "://" in text else text
    return "none" if value is None else str(value)


def mistake(details: ErrorDetails) -> tuple[Path_, str]:
    """The key, and what is wrong with it."""
    path = tuple(str(part) for part in details["loc"] if part != "[key]")
    kind, given = details["type"], details["input"]
    if kind == "value_error":  # ours: they show the value where that helps
        return path, details["msg"].removeprefix("Value error, ")[:_LONGEST]
    if kind == "extra_forbidden":
        return path, _WORDS[kind] + _nearest(path)
    words = _ID if details["loc"][-1:] == ("[key]",) else _words(kind, details.get("ctx", {}))
    if kind == "missing":
        return path, words
    if _SECRET & set(path):
        return path, f"{words}; what was given is not shown"
    nothing_to_show = isinstance(given, dict | BaseModel) or (given is None and words == _KEYS)
    return path, words if nothing_to_show else f"{words}, not {_given(given)}"


def _words(kind: str, context: dict[str, Any]) -> str:
    return _WORDS.get(kind, "cannot be used").format_map(
        {name: _limit(it) for name, it in context.items()}
    )


def _limit(value: object) -> str:
    if isinstance(value, int) and value >= _SIZES_FROM:
        return str(ByteCount(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _given(value: object) -> str:
    """A wrong value, shortened; without what a URL in it may carry."""
    if value is None:
        return "nothing"
    try:
        text = str(value)
    except ValueError:  # an integer with more digits than Python likes to print
        return "a very large number"
    return repr(shown(text)[:60])


def _nearest(path: Path_) -> str:
    model: type[BaseModel] = Config
    for part in path[:-1]:
        model = _model_below(model, part)
    known = list(model.model_fields)
    close = difflib.get_close_matches(path[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; allowed: {', '.join(known)}"


def _model_below(model: type[BaseModel], part: str) -> type[BaseModel]:
    """The model of the key `part`; below `cameras` the part is a camera's id: the model stays."""
    info = model.model_fields.get(part)
    if info is None:
        return model
    candidates = [info.annotation, *getattr(info.annotation, "__args__", ())]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), model)
