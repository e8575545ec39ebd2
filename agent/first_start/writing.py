"""The first configuration file: its text, whether it is right, and the file itself."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.config.check import checked, notes
from agent.config.loader import slug, state_dir_of
from agent.core.errors import ConfigError, reason_of
from agent.page.passwords import hashed
from agent.runtime.clock import Clock
from agent.runtime.redaction import hide, hide_url, redact
from schemas.first_start import FirstConfig

#: What people see instead of secrets; the page fills in what it has, for who copies the text.
_BROKER, _LOGIN, _SOURCE = "**broker password**", "**page password**", "**source**"
#: Read and written by the agent's user only: there are passwords in it.
_MODE = 0o600
_HEAD = """\
# Written by the page's first start on {day}. It is yours: the agent never writes into it again.
# All keys: docs/reference/configuration.md. After a change: `surveillance-agent check-config`,
# then start the agent again (cameras alone: kill -HUP).
"""
_STORE = """\
# Where recordings go: a folder that exists. Older days are deleted after retention_days (4).
store:
  path: {path}
"""
_NO_STORE = """\
# Nothing is recorded without it: a folder that exists.
# store:
#   path: /mnt/imagestore
"""
_PAGE = """\
# The page: live, day, aim, tune. bind 0.0.0.0: other machines reach it, too.
page:
  bind: {bind}
  port: {port}
  user: {user}
  password: {password}
"""
_CAMERA = """\
cameras:
  {id}:
    name: {name}
    source: {source}
    # record_source: the camera's main stream, for recordings, if `source` is its small one
    # What is looked at is drawn on the page, under Aim.
"""


def text(order: FirstConfig, page: Mapping[str, Any], day: str, *, shown: bool) -> str:
    """The file. `shown`: for people, with a mark instead of each secret."""
    password = order.password.get_secret_value()
    source = order.camera.source
    parts = [
        _HEAD.format(day=day),
        _broker(order, shown=shown),
        _NO_STORE if order.store is None else _STORE.format(path=_quoted(order.store)),
        _PAGE.format(
            bind=_quoted(str(page["bind"])),
            port=int(page["port"]),
            user=_quoted(order.user),
            password=_quoted(_LOGIN if shown else hashed(password)),
        ),
        _CAMERA.format(
            id=_quoted(camera_id(order)),  # `1` and `on` are no text without quotes
            name=_quoted(order.camera.name),
            source=_quoted(_SOURCE if shown and redact(source) != source else source),
        ),
    ]
    return "\n".join(parts)


def camera_id(order: FirstConfig) -> str:
    """The camera's name as an id."""
    return slug(order.camera.name, "camera")


def written(
    order: FirstConfig,
    page: Mapping[str, Any],
    place: Path,
    environ: Mapping[str, str],
    clock: Clock,
) -> dict[str, Any]:
    """Checks the configuration as `check-config` does, and writes it where nothing is yet.

    Args:
        order: what somebody chose.
        page: where the page is served: `bind` and `port`.
        place: the file.
        environ: the agent's.
        clock: the day that is written into it.
    """
    hide(order.password.get_secret_value())
    hide_url(order.camera.source)
    if order.broker is not None:
        hide(order.broker.password.get_secret_value())
    day = clock.utc().astimezone().date().isoformat()
    told = {"camera": camera_id(order), "yaml": text(order, page, day, shown=True)}
    data = text(order, page, day, shown=False).encode()
    try:
        with tempfile.TemporaryDirectory() as folder:
            trial = Path(folder) / place.name
            _write_new(trial, data)
            loaded = checked(trial, environ, folder=place.parent)
        state_dir_of(loaded.config)
    except (ConfigError, OSError) as error:
        words = str(error).partition(":\n")[2].strip() or reason_of(error)
        return {**told, "ok": False, "message": redact(words)}
    try:
        _write_new(place, data)
    except FileExistsError:
        words = f"{place} is there already, and is never overwritten: move it away"
        return {**told, "ok": False, "message": words}
    except OSError as error:
        words = f"{place} cannot be written: {reason_of(error)}"
        return {**told, "ok": False, "message": words}
    said = [f"written: {place}", *notes(loaded.config, clock)]
    return {**told, "ok": True, "message": redact("; ".join(said))}


def _write_new(path: Path, data: bytes) -> None:
    """Writes a file that appears whole, and never takes the place of another one.

    Raises:
        FileExistsError: there is one.
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: exclusive all the same
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
            try:
                part.replace(path)
            except OSError:
                path.unlink()  # ours, and empty: the next start would read it
                raise
    finally:
        part.unlink(missing_ok=True)


def _broker(order: FirstConfig, *, shown: bool) -> str:
    broker = order.broker
    if broker is None:
        return "# Your broker's address, for Home Assistant.\n# mqtt:\n#   host: 127.0.0.1\n"
    lines = ["# The broker that Home Assistant uses, too.", "mqtt:"]
    lines += [f"  host: {_quoted(broker.host)}", f"  port: {broker.port}"]
    if broker.user:
        password = broker.password.get_secret_value()
        lines += [f"  username: {_quoted(broker.user)}"]
        lines += [f"  password: {_quoted(_BROKER if shown else password)}"] if password else []
    lines += ["  tls: {}"] if broker.tls else []
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    """Text as YAML: JSON's strings are YAML's, but it knows no character of two halves."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(it if it.isprintable() else f"\\U{ord(it):08x}" for it in text)
