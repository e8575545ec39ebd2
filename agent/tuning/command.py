"""`surveillance-agent replay`: arguments -> replays -> lines, JSON, report."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tqdm import tqdm

from agent.config.loader import PREFIX, find_file, load
from agent.core.errors import ConfigError
from agent.imaging.orientation import Orientation
from agent.tuning.clips import Clip, open_clip
from agent.tuning.labelling import Namer, naming
from agent.tuning.replay import Replay, replay
from agent.tuning.results import as_json, lines
from agent.tuning.sweep import Change, Row, combinations, pair, table
from agent.vision.zones import View, view_of
from schemas.camera_config import CameraConfig
from schemas.settings import idle_settings

#: The camera that a replay without a configuration pretends to have.
_NOBODY = "clip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `replay` but for --config."""
    parser.add_argument(
        "clips", nargs="+", metavar="CLIP", help="video, day's file, or folder of JPEGs (?fps=N)"
    )
    parser.add_argument("--camera", metavar="ID", help="whose configuration; default: the only one")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value for a key below the camera, e.g. detection.pixel_threshold=30",
    )
    parser.add_argument(
        "--sweep",
        action="append",
        default=[],
        metavar="KEY=A,B,C",
        help="shows what each of the values would have done; several: every combination",
    )
    parser.add_argument(
        "--classify",
        action="store_true",
        help="says what moved, with the network of classify.model",
    )
    parser.add_argument("--model", metavar="FILE", help="another network for --classify")
    parser.add_argument("--json", metavar="OUT", help="writes every decision; - is the terminal")
    parser.add_argument("--report", metavar="OUT.html", help="writes a page with plots, pictures")


def run(
    arguments: argparse.Namespace, environ: Mapping[str, str], say: Callable[[str], None]
) -> int:
    """Replays every clip; exit code 0.

    Args:
        arguments: of `add_arguments`, and `config`.
        environ: variables that belong to the configuration.
        say: shows a line to the person at the terminal.

    Raises:
        ConfigError: a clip, mask, key or value that cannot be used.
    """
    if arguments.report:
        from agent.tuning import report  # says immediately when its library is missing
    base = dict(pair(text, "--set") for text in arguments.set)
    changes = combinations(arguments.sweep)
    source = find_file(arguments.config, environ)
    cameras = [
        camera_of(source, environ, arguments.camera, {**base, **change})
        for change in ({}, *changes)
    ]
    quiet = arguments.json == "-"
    done: list[tuple[Replay, list[Row]]] = []
    with _named(arguments, source, environ) as namer:
        for clip in [open_clip(name) for name in arguments.clips]:
            first, *others = _replayed(clip, cameras, namer, pictures=bool(arguments.report))
            rows = [Row(c, r) for c, r in zip(changes, others, strict=True)]
            done.append((first, rows))
            if not quiet:
                for line in [*lines(first), *(table(rows) if rows else [])]:
                    say(line)
    if arguments.json:
        documents = [as_json(result, rows) for result, rows in done]
        text = json.dumps(documents[0] if len(documents) == 1 else documents, indent=1)
        say(text) if quiet else _write(Path(arguments.json), text)
    if arguments.report:
        _write(Path(arguments.report), report.page(done))
        say(f"report: {arguments.report}") if not quiet else None
    return 0


def camera_of(
    file: Path | None, environ: Mapping[str, str], camera_id: str | None, change: Change
) -> tuple[CameraConfig, View]:
    """A camera's configuration with some keys changed, and its view of stored pictures.

    Raises:
        ConfigError: no such camera, key or value.
    """
    variables = dict(environ)
    if file is None and not any(name.startswith(f"{PREFIX}CAMERAS__") for name in environ):
        camera_id = camera_id or _NOBODY
        variables[_variable(camera_id, "source")] = "file:clip"
    if camera_id is None:
        known = list(load(file, variables).config.cameras)
        if len(known) != 1:
            raise ConfigError(f"--camera: which one? The configuration has {', '.join(known)}")
        camera_id = known[0]
    elif file is not None and camera_id not in load(file, environ).config.cameras:
        known = list(load(file, environ).config.cameras)
        raise ConfigError(f"--camera {camera_id}: there is none; known: {', '.join(known)}")
    changed = {_variable(camera_id, key): value for key, value in change.items()}
    try:
        camera = load(file, variables | changed).config.cameras[camera_id]
    except ConfigError as error:
        words = str(error)
        for variable in changed:  # nobody wrote these
            words = words.replace(f"{variable}:", "command line:")
        raise ConfigError(words) from None
    idle = {f"detection.{key}" for key in idle_settings(camera.detection.profile)}
    for key in sorted(idle & change.keys()):
        raise ConfigError(f"{key} does nothing in profile {camera.detection.profile}")
    # stored pictures are upright already, however the camera hangs
    return camera, view_of(camera_id, camera, Orientation())


def _variable(camera_id: str, key: str) -> str:
    """A key below the camera, as the environment variable that sets it."""
    return f"{PREFIX}CAMERAS__{camera_id}__{key.replace('.', '__')}".upper()


def _named(
    arguments: argparse.Namespace, source: Path | None, environ: Mapping[str, str]
) -> AbstractContextManager[Namer | None]:
    """What names the events, where `--classify` or `--model` asks for it."""
    if not arguments.classify and arguments.model is None:
        return nullcontext()
    config = None if source is None else load(source, environ).config.classify
    return naming(config, arguments.model)


def _replayed(
    clip: Clip,
    cameras: list[tuple[CameraConfig, View]],
    namer: Namer | None,
    *,
    pictures: bool,
) -> list[Replay]:
    # disable=None: no bar where nobody watches
    with tqdm(total=clip.frames or None, desc=clip.name, unit="frame", disable=None) as bar:
        return replay(clip, cameras, bar.update, pictures=pictures, namer=namer)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
