"""The settings that commands changed, kept over restarts in one small file of the state folder."""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import ValidationError

from agent.runtime.atomic import write_atomic
from agent.runtime.small_files import read_small
from schemas.settings import StoredSettings

log = logging.getLogger(__name__)

NAME = "settings.json"


def load_settings(folder: Path) -> StoredSettings:
    """What commands changed in earlier runs; a damaged file is put aside and said."""
    path = folder / NAME
    try:
        return StoredSettings.model_validate_json(read_small(path))
    except FileNotFoundError:
        return StoredSettings()
    except (OSError, ValidationError) as error:
        log.warning("settings %s: unreadable, the configuration is in force: %s", path, error)
        try:
            path.replace(path.with_suffix(".damaged"))
        except OSError as reason:
            log.warning("settings %s: cannot be put aside: %s", path, reason)
        return StoredSettings()


def save_settings(folder: Path, stored: StoredSettings) -> bool:
    """Writes the file; False (and a log line) when the disk refuses: the values stay in force."""
    try:
        write_atomic(folder / NAME, stored.model_dump_json(indent=1).encode() + b"\n")
    except OSError as error:
        log.error("settings %s: not saved, a restart will forget them: %s", folder / NAME, error)  # noqa: TRY400  the fact is enough
        return False
    return True
