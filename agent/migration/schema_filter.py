"""Takes out what our own schema refuses, and lists it. So the result passes `check-config`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from agent.camera.source import check_url
from agent.config.error_messages import mistake, shown
from agent.core.errors import ConfigError
from agent.migration.outcome import Outcome, Tree
from agent.migration.pictures import as_png, black_polygons, has_grey, read_mask
from schemas.camera_config import CameraConfig
from schemas.config import MqttConfig, StoreConfig

_BLOCKS: dict[str, type[BaseModel]] = {"mqtt": MqttConfig, "store": StoreConfig}

#: How the keys end under which a camera without a source is listed.
_SOURCES = (": camera", ": ffmpeg.inputs")


def settle(outcome: Outcome, folder: Path) -> dict[str, bytes]:
    """Leaves in the outcome's tree only what our schema takes.

    Args:
        outcome: is changed.
        folder: of the other program's file: its relative paths count from there.

    Returns: Files to write next to the configuration, by name: masks.

    Raises:
        ConfigError: no camera is left.
    """
    files: dict[str, bytes] = {}
    _without_absent_files(outcome.tree.get("mqtt", {}), outcome)
    for name, model in _BLOCKS.items():
        if name in outcome.tree:
            outcome.tree[name] = _fitting(outcome.tree[name], model, {}, f"{name}.", outcome)
            if not outcome.tree[name]:
                del outcome.tree[name]
    cameras: Tree = {}
    for name, camera in outcome.tree["cameras"].items():
        source = camera["source"]
        try:
            check_url(source)
        except ConfigError as error:
            outcome.leave(f"{name}: camera", shown(str(error)).partition(": ")[2])
            continue
        _add_pictures(name, camera, outcome, folder, files)
        camera["zones"] = _zones(name, camera.get("zones", {}), source, outcome)
        base = {"source": source}
        rest = {key: value for key, value in camera.items() if key != "source" and value != {}}
        cameras[name] = {**base, **_fitting(rest, CameraConfig, base, f"{name}: ", outcome)}
    if not cameras:
        why = [it for it in outcome.left if it.key.endswith(_SOURCES)]
        reasons = "\n".join(f"  {it.key}: {it.reason}" for it in why)
        raise ConfigError(f"import: no camera can be carried over\n{reasons}".rstrip())
    outcome.tree["cameras"] = cameras
    return files


def _without_absent_files(mqtt: Tree, outcome: Outcome) -> None:
    """TLS stays, with the system's authorities; files that are on the other machine do not."""
    tls = mqtt.get("tls") or {}
    for key in [key for key in ("ca", "cert", "key") if key in tls]:
        if not os.path.isfile(str(tls[key])):  # noqa: PTH113  no error where we may not look
            del tls[key]
            outcome.leave(f"mqtt.tls.{key}", "the file is not on this machine: copy it, name it")


def _fitting(given: Tree, model: type[BaseModel], base: Tree, where: str, outcome: Outcome) -> Tree:
    """The keys that the model takes, each tried with those that it took before."""
    taken: Tree = {}
    for key, value in given.items():
        try:
            model.model_validate({**base, **taken, key: value})
        except ValidationError as error:
            missing = [it for it in error.errors() if it["type"] != "missing"]
            if missing:
                _, words = mistake(missing[0])
                outcome.leave(f"{where}{key}", _without(words, value))
                continue
        taken[key] = value
    return taken


def _without(words: str, value: object) -> str:
    """A reason without the value: it may be a secret."""
    return words.replace(repr(value), "this").replace(str(value), "this")


def _zones(name: str, zones: Tree, source: str, outcome: Outcome) -> Tree:
    """Each zone by itself: a wrong one does not take the others with it."""
    good: Tree = {}
    for zone, value in zones.items():
        try:
            CameraConfig.model_validate({"source": source, "zones": {**good, zone: value}})
        except ValidationError as error:
            outcome.leave(f"{name}: zones.{zone}", mistake(error.errors()[0])[1])
            continue
        good[zone] = value
    return good


def _add_pictures(
    name: str, camera: dict[str, Any], outcome: Outcome, folder: Path, files: dict[str, bytes]
) -> None:
    """Its mask as PNG, its privacy mask as polygons."""
    if name in outcome.masks:
        try:
            grey = read_mask(folder / outcome.masks[name])
            files[f"{name}_mask.png"] = as_png(grey)
        except ConfigError as error:
            outcome.leave(f"{name}: mask_file", str(error))
        else:
            camera["mask"] = f"{name}_mask.png"
            size = f"{grey.shape[1]}x{grey.shape[0]}"
            outcome.notes.append(
                f"{name}: the mask is {size}: it must have the shape of the pictures"
            )
            if has_grey(grey):
                outcome.notes.append(f"{name}: the mask's greys became black or white")
    if name in outcome.privacy:
        try:
            polygons = black_polygons(read_mask(folder / outcome.privacy[name]))
        except ConfigError as error:
            outcome.leave(f"{name}: mask_privacy", str(error))
        else:
            good = [it for it in polygons if _is_polygon(it, camera["source"])]
            if good:
                camera["privacy"] = good
            if len(good) < len(polygons):
                outcome.leave(f"{name}: mask_privacy", "some of its areas are no simple polygons")
            outcome.notes.append(f"{name}: check in a picture that all private places are black")


def _is_polygon(corners: list[list[float]], source: str) -> bool:
    try:
        CameraConfig.model_validate({"source": source, "privacy": [corners]})
    except ValidationError:
        return False
    return True
