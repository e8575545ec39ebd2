"""Files of other programs, read within bounds."""

from __future__ import annotations

import errno
import math
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from agent.config.loader import check_extent
from agent.core.errors import ConfigError, reason_of
from agent.migration.outcome import Tree

_MOST_BYTES = 1_000_000
_MOST_FILES = 64
#: A number above it is a slip; every larger one would not fit into what is made of it.
_LARGEST = 1e12
#: Keys of a main file that name a camera's own file, old and new.
_NAMES = ("camera", "thread", "camera_file")
_FOLDERS = ("config_dir", "camera_dir")
_OWN = re.compile(r"#\s*(@\w+)\s*(.*)")


def motion_files(path: Path) -> tuple[Tree, list[Tree]]:
    """The keys of the main file, and of each camera's file that it names.

    A camera's file alone counts as a main file without cameras.

    Raises:
        ConfigError: a file cannot be read, or is none of Motion's.
    """
    pairs = list(_pairs(path))
    main = {key: value for key, value in pairs if key not in (*_NAMES, *_FOLDERS)}
    named = [path.parent / value for key, value in pairs if key in _NAMES and value]
    for key, value in pairs:
        if key in _FOLDERS and value:
            named += sorted((path.parent / value).glob("*.conf"))
    if not main and not named:
        raise ConfigError(f"{path}: has no line `key value`, so it is no file of Motion")
    if len(named) > _MOST_FILES:
        raise ConfigError(f"{path}: names more than {_MOST_FILES} cameras")
    return main, [dict(_pairs(file)) for file in dict.fromkeys(named)]


def yaml_file(path: Path) -> Tree:
    """The keys of a YAML file.

    Raises:
        ConfigError: it cannot be read, is no YAML with keys, unfolds to too many values, or has a
            number that is none.
    """
    text = _text(path)
    try:
        check_extent(yaml.compose(text, Loader=yaml.SafeLoader), str(path))
        tree: Any = yaml.safe_load(text)
    except ConfigError:
        raise
    except (
        *(yaml.YAMLError, ValueError, RecursionError, TypeError),
        *(AttributeError, LookupError, OverflowError),
    ) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise ConfigError(f"{path}{line}: not valid YAML") from None
    if not isinstance(tree, dict) or "cameras" not in tree:
        raise ConfigError(f"{path}: has no `cameras:`, so it is no configuration of Frigate")
    _check_numbers(tree, (), path)
    return tree


def _check_numbers(value: object, keys: tuple[str, ...], path: Path) -> None:
    """Refuses `.nan`, `.inf` and the like: nobody behind this has to think of them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_numbers(inner, (*keys, str(key)), path)
    elif isinstance(value, list):
        for inner in value:
            _check_numbers(inner, keys, path)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{path}: {'.'.join(keys)} is no number")
    elif isinstance(value, int | float) and abs(value) > _LARGEST:
        raise ConfigError(f"{path}: {'.'.join(keys)} is too large a number")


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    """`key value` or `key = value` of each line, and motionEye's `# @key value`."""
    for number, line in enumerate(_text(path).splitlines(), 1):
        bare = line.strip()
        if own := _OWN.fullmatch(bare):
            yield own[1], own[2].strip()
        elif bare and bare[0] not in "#;":
            found = re.fullmatch(r"([A-Za-z0-9_]+)(?:\s*=\s*|\s+|$)(.*)", bare)
            if found is None:
                raise ConfigError(f"{path}, line {number}: is no line `key value` of Motion")
            value = found[2].strip()
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            yield found[1].lower(), value


def read_at_most(path: Path, size: int) -> bytes:
    """The beginning of a file. A pipe or a device is none: it could keep us waiting.

    Raises:
        OSError: it cannot be read.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no file")
        return file.read(size)


def _text(path: Path) -> str:
    try:
        data = read_at_most(path, _MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ConfigError(f"{path}: larger than {_MOST_BYTES} bytes")
        text = data.decode("utf-8-sig")  # an editor may have put a mark in front
    except OSError as error:
        raise ConfigError(f"{path}: {reason_of(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text file in UTF-8") from None
    if "\0" in text:
        raise ConfigError(f"{path}: is no text file")
    return text
