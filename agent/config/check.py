"""The configuration with all that its keys lead to: sources, masks, zones, files with secrets.

One run reports all mistakes: it checks every key that can be read, although other keys are wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from agent.audio.options import BeepOptions, load_tone
from agent.camera.network.trust import trusting
from agent.camera.source import SCHEMES, check_url
from agent.classify.link import proven
from agent.classify.model_files import model_of
from agent.config.error_messages import Path_, path_text, shown
from agent.config.loader import Given, Loaded, page_password_of, password_of, read, token_of
from agent.config.schedule_notes import schedule_notes
from agent.config.schedules import private_cameras
from agent.config.video_notes import shared_streams, video_notes
from agent.core.errors import ConfigError, reason_of
from agent.imaging.orientation import Orientation
from agent.runtime.clock import Clock, clock_is_synchronised
from agent.vision.detector.masks import load_mask
from agent.vision.zones import view_of
from schemas.base import is_elsewhere
from schemas.camera_config import CameraConfig, CameraTls
from schemas.config import BeepConfig, Config, MqttConfig, ReofferConfig
from schemas.page_config import PageConfig
from schemas.settings import idle_settings

#: Seconds below which a visitor who stands still for a moment ends an event.
_SHORT_QUIET = 2.0

M = TypeVar("M", bound=BaseModel)


def checked(path: Path | None, environ: Mapping[str, str], *, folder: Path | None = None) -> Loaded:
    """Reads and checks everything; opens nothing but files.

    Args:
        path: the file; None: there is none.
        environ: the variables.
        folder: relative paths in the file count from it; default: the file's own folder.

    Raises:
        ConfigError: with every mistake, one a line: where it stands, key, what is wrong, what is
            right.
    """
    given = read(path, environ, folder=folder)
    config = given.config()
    if (mqtt := _valid(MqttConfig, given.tree.get("mqtt"))) is not None:
        look = partial(password_of, mqtt)
        _try(given, ("mqtt", "password_file"), _named(mqtt.password_file), look)
        secret = mqtt.password and mqtt.password.get_secret_value()
        if mqtt.username is None and (secret or mqtt.password_file):
            key = "password" if secret else "password_file"
            given.mistake(("mqtt", key), "a password without a user: set mqtt.username, too")
        for key, file in mqtt.tls or ():
            if isinstance(file, Path):
                _try(given, ("mqtt", "tls", key), file, partial(_readable, file))
    if (beep := _valid(BeepConfig, given.tree.get("beep", {}))) is not None and beep.enabled:
        options = BeepOptions(sound=beep.sound, volume=beep.volume)
        _try(given, ("beep", "sound"), None, partial(load_tone, options))
    if (reoffer := _valid(ReofferConfig, given.tree.get("reoffer"))) is not None:
        look = partial(token_of, reoffer)
        _try(given, ("reoffer", "token_file"), _named(reoffer.token_file), look)
    if (page := _valid(PageConfig, given.tree.get("page"))) is not None:
        look = partial(token_of, page, "page")
        _try(given, ("page", "token_file"), _named(page.token_file), look)
        look = partial(page_password_of, page)
        _try(given, ("page", "password_file"), _named(page.password_file), look)
    cameras = given.tree.get("cameras")
    for name, camera in cameras.items() if isinstance(cameras, dict) else ():
        if isinstance(camera, dict):
            _check_camera(given, str(name), camera)
    return given.loaded(config)


def notes(config: Config, clock: Clock, *, ask: bool = False) -> list[str]:
    """What is missing now and may yet come: the agent runs, and waits for it.

    Args:
        config: all of it.
        clock: for deadlines.
        ask: RTSP cameras are asked for their other stream, for some seconds each at most.

    Raises:
        ConfigError: nobody knows which cameras are in privacy mode, which are never asked.
    """
    told = []
    private = private_cameras(config, clock) if ask else frozenset[str]()
    if config.classify is not None:
        try:
            proven(model_of(config.classify.model, config.classify.labels), clock)
        except ConfigError as error:
            told.append(f"classify.model {error}; until then all events are called unknown")
    if config.store is None:
        told.append("without store.path nothing is recorded")
    elif not config.store.path.is_dir():
        path = config.store.path
        told.append(f"store.path {path} is no folder now; it is never created: mount it")
    for name, camera in config.cameras.items():
        device = Path(camera.source.removeprefix("v4l2:"))
        if camera.source.startswith("v4l2:") and not device.exists():
            words = "is not there now: plug it in; `ls /dev/video*` shows those that are"
            told.append(f"cameras.{name}.source {device} {words}")
        asked = ask and camera.enabled and name not in private
        if ask and name in private:
            told.append(f"cameras.{name} is in privacy mode: it was not asked")
        told += video_notes(name, camera, clock if asked else None)
        told += _idle_notes(name, camera)
        told += _short_quiet(name, camera)
    told += shared_streams(config.cameras)
    return told + schedule_notes(config, clock_sure=_clock_sure(config))


def _clock_sure(config: Config) -> bool:
    return config.agent.trust_clock == "always" or clock_is_synchronised()


def _idle_notes(name: str, camera: CameraConfig) -> list[str]:
    """What is given and does nothing."""
    profile = camera.detection.profile
    given = {"detection": camera.detection.model_fields_set}
    given |= {f"zones.{zone}": it.model_fields_set for zone, it in camera.zones.items()}
    return [
        f"cameras.{name}.{where}.{key} does nothing in profile {profile}: leave it out; what"
        " it finds is set by sensitivity"
        for where, keys in given.items()
        for key in sorted(keys & idle_settings(profile))
    ]


def _short_quiet(name: str, camera: CameraConfig) -> list[str]:
    """Where `post_frames` judged frames are less time than a visitor stands still."""
    frames, rate = camera.recording.post_frames, camera.analysis_fps
    if "post_frames" in camera.recording.model_fields_set or frames / rate >= _SHORT_QUIET:
        return []
    words = (
        f"cameras.{name}.analysis_fps {rate:g}: an event ends after recording.post_frames judged"
        f" frames, {frames} are {frames / rate:.1f} s at that rate: one visit becomes several"
        f" events; for 3 s set recording.post_frames: {round(3 * rate)}, at most 3 times the"
        " camera's own rate"
    )
    return [words]


def effective(loaded: Loaded, *, defaults: bool) -> list[str]:
    """Key, value (secrets hidden) and origin of what was given, and of the rest if wanted."""
    idle = tuple(
        f"cameras.{name}.detection.{key} ="
        for name, camera in loaded.config.cameras.items()
        for key in idle_settings(camera.detection.profile)
    )
    lines = [it for it in _lines(loaded.config, (), loaded.origins) if not it[0].startswith(idle)]
    told = [line for line, given in lines if given or defaults]
    if left := len(lines) - len(told):
        told.append(f"# {left} more keys have their defaults: --all shows them")
    return told


def _check_camera(given: Given, name: str, camera: dict[str, Any]) -> None:
    path = ("cameras", name)
    for key, source in camera.items():
        if str(key).endswith("source") and isinstance(source, str):
            safe = _safe(source)
            _try(given, (*path, key), safe, partial(check_url, source), _likely(safe))
    if (tls := _valid(CameraTls, camera.get("tls"))) is not None:
        _try(given, (*path, "tls", "ca"), tls.ca, partial(trusting, tls.ca))
    mask = camera.get("mask")
    if isinstance(mask, str) and not is_elsewhere(mask):
        look = partial(load_mask, Path(mask), Orientation())
        if not _try(given, (*path, "mask"), mask, look):
            return
    if (valid := _valid(CameraConfig, camera)) is not None:
        _try(given, path, None, partial(view_of, name, valid))


def _named(path: Path | None) -> str | None:
    return None if path is None else path_text(path)


def _safe(source: str) -> str:
    """A source for people; where its scheme is missing, too, user and password are hidden."""
    return shown(source if _has_scheme(source) else f"://{source}").removeprefix("://")


def _has_scheme(source: str) -> bool:
    return "://" in source or source.partition(":")[0].lower() in SCHEMES


def _likely(source: str) -> str:
    """What somebody meant who left the scheme out."""
    if _has_scheme(source) or source.count(":") > 1:
        return ""
    schemes = ["rtsp://", "http://" if "@" in source or "/" in source else "hk://"]
    if source.startswith(("/", ".")):
        schemes = ["v4l2:" if source.startswith("/dev/") else "file:"]
    return f"; did you mean {' or '.join(f'{it}{source}' for it in schemes)}?"


def _readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        words = f"{reason_of(error)}; name a PEM file that the agent may read"
        raise ConfigError(f"{path}: {words}") from None


def _try(
    given: Given, path: Path_, value: object, look: Callable[[], object], hint: str = ""
) -> bool:
    """Notes what `look` raises as a mistake of the key; False when it did."""
    try:
        look()
    except ConfigError as error:
        # it names the thing in its own words first; here key and value stand before the reason
        _, _, reason = str(error).partition(": ")
        shown_value = "" if value is None else f"{shown(str(value))[:100]}: "
        given.mistake(path, shown_value + shown(reason) + hint)
        return False
    return True


def _valid(model: type[M], tree: object) -> M | None:
    try:
        return model.model_validate(tree)
    except ValidationError:
        return None


def _lines(value: object, path: Path_, origins: Mapping[Path_, str]) -> list[tuple[str, bool]]:
    """Each key's line, and whether its value was given."""
    if isinstance(value, BaseModel):
        items: list[tuple[str, object]] = [(n, getattr(value, n)) for n in type(value).model_fields]
    elif isinstance(value, dict):
        items = list(value.items())
    else:
        if path == ("mqtt", "username") and value is not None:
            value = SecretStr(str(value))  # where a token is the user, this is the secret
        line = f"{'.'.join(path)} = {shown(value)}"
        return [(f"{line}  ({origins.get(path, 'default')})", path in origins)]
    return [line for name, inner in items for line in _lines(inner, (*path, name), origins)]
