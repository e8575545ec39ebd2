"""What has to outlive the process: settings of commands, and what schedules and snoozes set.

Two small files of the state folder. Each is written whole.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small
from schemas.modes import StoredModes
from schemas.settings import StoredSettings

log = logging.getLogger(__name__)

NAME, MODES = "settings.json", "modes.json"

M = TypeVar("M", bound=BaseModel)


def load_settings(folder: Path) -> StoredSettings:
    """What commands changed in earlier runs; a damaged file is put aside and said."""
    words = "settings %s: unreadable, the configuration is in force: %s"
    return _load(folder / NAME, StoredSettings, words)


def load_modes(folder: Path) -> StoredModes:
    """What schedules set in earlier runs, and snoozes; a damaged file is put aside and said."""
    words = "modes %s: unreadable, snoozes and the last state of schedules are forgotten: %s"
    return _load(folder / MODES, StoredModes, words)


def _load(path: Path, model: type[M], words: str) -> M:
    try:
        return model.model_validate_json(read_small(path))
    except FileNotFoundError:
        return model()
    except (OSError, ValidationError) as error:
        log.warning(words, path, error)
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError as reason:
            log.warning("%s: cannot be put aside: %s", path, reason)
        return model()


def save_settings(folder: Path, stored: StoredSettings) -> bool:
    """Writes the file; False (and a log line) when the disk refuses: the values stay in force."""
    return _save(folder / NAME, stored, "settings %s: not saved, a restart will forget them: %s")


def save_modes(folder: Path, stored: StoredModes) -> bool:
    """Writes the file; False (and a log line) when the disk refuses: all stays in force."""
    return _save(folder / MODES, stored, "modes %s: not saved, a restart will forget them: %s")


def _save(path: Path, stored: BaseModel, words: str) -> bool:
    try:
        write_atomic(path, stored.model_dump_json(indent=1).encode() + b"\n")
    except OSError as error:
        log.error(words, path, error)  # noqa: TRY400  the fact is enough
        return False
    return True
