"""Runs the agent as a Home Assistant app: the options of its page become a configuration file.

The supervisor gives the options as `/data/options.json` and the broker through its services API
(developers.home-assistant.io, docs/apps/communication). What is written here is what
`surveillance-agent health` and `check-config` read as well.
"""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from agent.config.relative_paths import anchored
from agent.core.errors import ConfigError, reason_of
from agent.runtime.atomic import write_atomic
from agent.runtime.clock import Clock, Waitable

log = logging.getLogger(__name__)

#: Where the supervisor keeps the app's own data, and where it maps the app's configuration folder.
DATA = Path("/data")
USER_FILES = Path("/config")
SERVICE = "http://supervisor/services/mqtt"
#: The only folder of recordings that is made: media is always there, a NAS is not.
DEFAULT_STORE = Path("/media/surveillance")

CONFIG = "surveillance.yaml"
PASSWORD = "mqtt_password"  # noqa: S105  a file's name

#: The broker's app may start after this one.
WAIT_SECONDS = 120.0
RETRY_SECONDS = 5.0
_ANSWER_SECONDS = 1.0
#: Bound what a file or an answer can make us read; real ones have a few kB.
_MAX_BYTES = 1_000_000

Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `run` needs to know."""

    config_file: Path
    log_level: str | None


def prepare(
    environ: Mapping[str, str],
    clock: Clock,
    stop: Waitable,
    *,
    data: Path = DATA,
    user_files: Path = USER_FILES,
    service: str = SERVICE,
) -> Prepared:
    """Writes the configuration file and the broker's password into `data`, both 0600.

    Raises:
        ConfigError: no options, a file that cannot be read, no broker.
    """
    options = _read(data / "options.json", json.loads)
    base: Tree = {}
    if options.get("config_file"):
        own = _inside(user_files, str(options["config_file"]))
        base = _read(own, yaml.safe_load)
        for note in anchored(base, own.parent, data):
            log.warning("configuration: %s", note)
    broker = None
    if not _part(base, "mqtt").get("host"):
        broker = wait_for_broker(service, environ.get("SUPERVISOR_TOKEN", ""), clock, stop)
    if options.get("store_path") == str(DEFAULT_STORE) and DEFAULT_STORE.parent.is_dir():
        DEFAULT_STORE.mkdir(exist_ok=True)
    tree = configuration(options, broker, base, data, user_files)
    try:
        if broker is not None:
            password = str(broker.get("password") or "")
            write_atomic(data / PASSWORD, password.encode(), 0o600)
        text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
        write_atomic(data / CONFIG, text.encode(), 0o600)
    except OSError as error:
        raise ConfigError(f"app folder {data}: {reason_of(error)}") from None
    return Prepared(data / CONFIG, options.get("log_level"))


def configuration(
    options: Tree, broker: Tree | None, base: Tree, data: Path, user_files: Path
) -> Tree:
    """The configuration as a tree; pure. Options win over `base`, the user's own file.

    Args:
        options: of the app's page, checked by the supervisor against config.yaml.
        broker: the supervisor's answer; None: `base` names one.
        base: what the user wrote into `config_file`.
        data: the state folder, where the password's file is, too.
        user_files: where masks are.
    """
    tree = dict(base)
    tree["agent"] = {**_part(base, "agent"), "state_dir": str(data)}
    mqtt = _part(base, "mqtt")
    if broker is not None:
        mqtt = {**mqtt, "host": broker["host"], "port": broker["port"]}
        if broker.get("username"):
            mqtt |= {"username": broker["username"], "password_file": str(data / PASSWORD)}
        if broker.get("ssl"):
            mqtt.setdefault("tls", {})
    tree["mqtt"] = {**mqtt, "publish_images": options.get("publish_images", True)}
    store = {"path": options.get("store_path"), "retention_days": options.get("retention_days")}
    tree["store"] = _part(base, "store") | _given(store)
    tree["beep"] = {"enabled": False} | _part(base, "beep")  # apps have no sound card
    # Home Assistant shows the page; only its supervisor comes in without logging in
    tree["page"] = {"bind": "0.0.0.0", "ingress": True} | _part(base, "page")  # noqa: S104  in its network
    cameras = _part(base, "cameras")
    for option in options.get("cameras", []):
        cameras[option["id"]] = _part(cameras, option["id"]) | _camera(option, user_files)
    tree["cameras"] = cameras
    return tree


def wait_for_broker(service: str, token: str, clock: Clock, stop: Waitable) -> Tree:
    """Asks the supervisor for the broker until there is one.

    Raises:
        ConfigError: none within WAIT_SECONDS; names what to install.
    """
    deadline = clock.monotonic() + WAIT_SECONDS
    while True:
        try:
            return ask_for_broker(service, token)
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
        if clock.monotonic() >= deadline or stop.is_set():
            raise ConfigError(
                f"no MQTT broker from the supervisor ({reason}): install and start the Mosquitto"
                " broker app, or name mqtt.host in a file and that in the option config_file"
            )
        log.warning("supervisor: no broker yet: %s", reason)
        clock.wait(stop, RETRY_SECONDS)


def ask_for_broker(service: str, token: str) -> Tree:
    """One question: host, port and what else the supervisor knows of the broker.

    Raises:
        OSError, ValueError, KeyError, TypeError: no answer, or none that makes sense.
    """
    request = urllib.request.Request(service, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  the supervisor's own address
    with urllib.request.urlopen(request, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310
        data = json.loads(answer.read(_MAX_BYTES))["data"]
    return {
        "host": str(data["host"]),
        "port": int(data["port"]),
        "username": data.get("username"),
        "password": data.get("password"),
        "ssl": bool(data.get("ssl")),
    }


def _camera(option: Tree, user_files: Path) -> Tree:
    given = _given({key: option.get(key) for key in ("source", "name", "rotate", "mask")})
    if "mask" in given:
        given["mask"] = str(_inside(user_files, str(given["mask"])))
    return given


def _inside(folder: Path, name: str) -> Path:
    """A file of the user's folder; the name cannot lead out of it.

    Raises:
        ConfigError: it would.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ConfigError(f"{name!r}: name a file in the app's configuration folder, without ..")
    return folder / name


def _read(path: Path, parse: Callable[[bytes], object]) -> Tree:
    try:
        with path.open("rb") as file:
            tree = parse(file.read(_MAX_BYTES))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {reason_of(error)}") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: must be keys and values")
    return tree


def _part(tree: Tree, key: str) -> Tree:
    """A copy of the mapping below `key`, empty where there is none."""
    part = tree.get(key)
    if part is not None and not isinstance(part, dict):
        raise ConfigError(f"config_file: {key}: must be keys and values")
    return dict(part or {})


def _given(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value not in {None, ""}}
