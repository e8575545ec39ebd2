"""Every mistake in every key is told in our words and names the key."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from agent.config.loader import Given, load
from agent.core.errors import ConfigError
from schemas.config import Config

Path_ = tuple[str, ...]
FULL: dict[str, Any] = {
    "agent": {},
    "mqtt": {"tls": {}},
    "home_assistant": {},
    "store": {"path": "/x", "spool": {}},
    "beep": {},
    "reoffer": {},
    "classify": {"model": "/x"},
    "self_test": {},
    "page": {"token": "a long random text"},
    "location": {"latitude": 52.5, "longitude": 13.4},
    "schedule": [{"at": "sunset-00:30", "armed": True}],
    "cameras": {
        "a": {
            "source": "https://192.0.2.1/x",
            "tls": {},
            "detection": {},
            "recording": {},
            "audio": {},
            "zones": {"z": {"polygon": [[0, 0], [1, 0], [1, 1]]}},
            "privacy": [],
        }
    },
}
#: Wrong types, too small, too big, nothing, unknown keys, what hands and other programs write.
GIVEN: list[object] = [None, "", "x", "a" * 3000, "\ud800", "a b/#", "ON", "0", b"x"]
GIVEN += [True, 0, -1, 1.5, 1e9, float("inf"), float("nan"), 10**30]
GIVEN += [[], [1], [[0, 0]] * 101, [[[0, 0], [1, 1]]], {}, {"x": 1}, {1: 2}, {"A b": {}}]
#: Words of pydantic's own messages, which speak of types and not of configurations.
RAW: tuple[str, ...] = (
    "Input",
    "should",
    "Value error",
    "unable to",
    "validation",
    "pathlib",
    "instance",
    "parse",
)
RAW += ("Field required", "Extra inputs", "dictionary", "Dictionary", "tuple", "integer", "boolean")


def keys(model: type[BaseModel], above: Path_ = ()) -> Iterator[Path_]:
    """The path of every key, with the example's names of camera and zone."""
    for name, info in model.model_fields.items():
        yield (path := (*above, name))
        inner = [info.annotation, *get_args(info.annotation)]
        below = path + {"cameras": ("a",), "zones": ("z",), "schedule": ("0",)}.get(name, ())
        for it in inner:
            if isinstance(it, type) and issubclass(it, BaseModel):
                yield from keys(it, below)


def mistakes(path: Path_, value: object) -> list[str]:
    tree = copy.deepcopy(FULL)
    branch: Any = tree
    for key in path[:-1]:
        branch = branch[int(key) if isinstance(branch, list) else key]
    branch[path[-1]] = value
    given = Given(None, tree)
    given.config()
    return given.mistakes


@pytest.mark.parametrize("path", sorted(keys(Config)), ids=".".join)
def test_a_wrong_value_is_told_in_our_words_with_its_key(path: Path_) -> None:
    told = [(value, line) for value in GIVEN for line in mistakes(path, value)]
    assert told
    for value, line in told:
        _, where, words = line.split(": ", 2)
        named = (".".join(path), ".".join(path[:-1]))
        assert where.startswith(named) or f"zone z: {path[-1]}: " in words, (value, line)
        assert "[" not in where, (value, line)
        assert not [raw for raw in RAW if raw in words], (value, line)
        assert "cannot be used" not in words, (value, line)
        assert len(words) < 420


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("mqtt", "port"), 70000, "must be at most 65535, not '70000'"),
        (("mqtt",), None, "needs keys of its own, such as `key: value`; leave it out where"),
        (("mqtt", "port"), "x", "must be a whole number, not text"),
        (("beep", "cooldown_seconds"), "x", "must be a number, not 'x'"),
        (("location", "latitude"), "52,52", "must be a number, not '52,52'; write a point: 52.52"),
        (("location", "longitude"), "-3,7", "must be a number, not '-3,7'; write a point: -3.7"),
        (("store", "max_size"), "1,5 GB", "'1,5 GB' is no size: write a point: 1.5 GB"),
        (("beep", "cooldown_seconds"), "password x", "must be a number, not text"),
        (("beep",), [{"volume": 1}], "needs keys of its own, such as `key: value`, not a list;"),
        (("mqtt", "username"), 12345, "must be text: write it in quotes, not a number"),
        (("beep", "volume"), 2, "must be at most 1, not '2'"),
        (("beep", "enabled"), "maybe", "must be true or false, not 'maybe'"),
        (("store", "max_size"), "1 kB", "must be at least 1 MiB, not '1 kB'"),
        (("store", "spool", "path"), 5, "`memory`, or a path in quotes, not '5'"),
        (("cameras",), {}, "needs cameras by their ids; write `front_door: {source: …}` below it"),
        (("cameras", "a", "rotate"), [], "0 or 180, not a list"),
        (("cameras", "a", "rotate"), 180.0, "0 or 180, not '180.0'"),
        (("agent", "name"), 7, "must be text: write it in quotes, not '7'"),
    ],
)
def test_a_mistake_says_what_is_allowed(path: Path_, value: object, words: str) -> None:
    (line,) = mistakes(path, value)
    assert line.startswith(f"  not given: {'.'.join(path)}: {words}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cameras: {a: {name: x}}", "such as `source: rtsp://HOST/PATH`"),
        ("cameras:\n  a:\n  source: 'demo:'", "`source` is a key of a camera: indent it"),
        ("cameras:\n\ta: {source: 'demo:'}", "write spaces instead of the tab"),
        ("cameras: {self_test_1: {source: 'demo:'}}", "choose another name"),
    ],
)
def test_what_newcomers_write_wrong_is_answered_with_what_to_write(
    tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert words in str(caught.value)
