"""Writes an imported configuration where nothing is yet, after the check of `check-config`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from agent.config.check import checked
from agent.core.errors import ConfigError, reason_of
from agent.migration.outcome import Outcome
from agent.runtime.redaction import redact

#: There are passwords in it.
_MODE = 0o600
_HEAD = """\
# Written by `surveillance-agent import {program}`. It is yours: nothing changes it again.
# All keys: docs/reference/configuration.md. After a change: surveillance-agent check-config
"""


def written(outcome: Outcome, files: Mapping[str, bytes], program: str, place: Path) -> list[Path]:
    """Checks and writes the configuration and its masks.

    Returns: The paths that were written.

    Raises:
        ConfigError: one of them is there already or cannot be written, or the check fails.
    """
    all_files = {**files, place.name: text(outcome, program).encode()}
    for name in all_files:
        if os.path.lexists(place.parent / name):
            words = "is there already and is never overwritten: name another file by --output"
            raise ConfigError(f"{place.parent / name} {words}")
    done = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, data in all_files.items():
                _write(Path(folder) / name, data)
            checked(Path(folder) / place.name, {})
        for name, data in all_files.items():
            _write(place.parent / name, data)
            done.append(place.parent / name)
    except OSError as error:
        raise ConfigError(f"{place}: {reason_of(error)}") from None
    return done


def text(outcome: Outcome, program: str) -> str:
    """The file: what is left to do stands on top as comments."""
    head = _HEAD.format(program=program)
    told = "".join(f"# {line}\n" for line in lines(outcome))
    return head + told + yaml.safe_dump(outcome.tree, sort_keys=False, allow_unicode=True)


def lines(outcome: Outcome) -> Iterator[str]:
    """What to do, and what was not carried over, for people; no value of the file is in it."""
    for note in outcome.notes:
        yield redact(f"to do: {note}")
    for left in outcome.left:
        yield redact(f"not carried over: {left.key}: {left.reason}").replace("\n", " ")


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
