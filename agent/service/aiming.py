"""What was drawn on the page: kept in the state folder, put over the configuration's cameras.

The configuration file is never written. A mask that was painted is kept as strokes, and as the
picture that vision reads.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.config.error_messages import shown
from agent.config.loader import Loaded
from agent.core.errors import ConfigError, reason_of
from agent.core.store_names import is_camera
from agent.page.bridge import PaintedMask, Scene, without_sources
from agent.runtime.atomic import write_atomic
from agent.service.camera_wiring import CameraParts
from agent.vision.zones import View, view_of
from schemas.camera_config import ORIGINAL_HIDES_NOTHING, CameraConfig
from schemas.config import Config
from schemas.page import Aim, StoredAim, StoredAims

log = logging.getLogger(__name__)

NAME = "aims.json"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What became of one camera's aim.

    Attributes:
        stored: as it was drawn.
        config: of the camera, with as much of it as fits.
        aim: as much of it as is in force.
        trouble: why that is not all of it; empty: it is.
        view: the camera's, tried out; None: it is off.
    """

    stored: StoredAim
    config: CameraConfig
    aim: Aim
    trouble: str = ""
    view: View | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Applied:
    """A configuration with what was drawn.

    Attributes:
        given: without it; `loaded`: with it.
        fitted: by camera, of those that have an aim.
        troubles: by camera, why what was drawn is not in force.
    """

    given: Loaded
    loaded: Loaded
    fitted: Mapping[str, Fitted] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)


class Aiming:
    """Belongs to the main thread."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir
        self._stored = _load(state_dir / NAME)

    def applied(self, given: Loaded, before: Applied | None = None) -> Applied:
        """The configuration with what was drawn; never fails.

        What does not fit it any more is left out, but for privacy polygons, and said.

        Args:
            given: the configuration; the very same comes back where nothing was drawn.
            before: what was found out before: holds where neither configuration nor aim changed.
        """
        known = before.fitted if before is not None and before.given is given else {}
        cameras = dict(given.config.cameras)
        fitted: dict[str, Fitted] = {}
        for name, stored in self._stored.cameras.items():
            if name not in cameras:
                continue
            old = known.get(name)
            fits = old if old is not None and old.stored is stored else None
            fitted[name] = fits or self._fitted(name, cameras[name], stored)
            cameras[name] = fitted[name].config
        troubles = self._lost(cameras)
        troubles.update({name: it.trouble for name, it in fitted.items() if it.trouble})
        if cameras == given.config.cameras:
            return Applied(given, given, fitted, troubles)
        config = given.config.model_copy(update={"cameras": cameras})
        return Applied(given, replace(given, config=config), fitted, troubles)

    def with_aim(
        self, camera: str, aim: Aim | None, mask: PaintedMask | None, utc: datetime
    ) -> Aiming:
        """Another one, with an aim of one camera; nothing is kept yet but the painted mask.

        Args:
            camera: its id.
            aim: None takes it away.
            mask: its strokes as a picture.
            utc: now.

        Raises:
            ConfigError: strokes without their picture, or the disk is full.
        """
        cameras = {name: it for name, it in self._stored.cameras.items() if name != camera}
        if aim is not None:
            size = None if mask is None else (mask.height, mask.width)
            cameras[camera] = StoredAim(aim=aim, since=utc, mask_size=size)
            self._write_mask(camera, cameras[camera], mask)
        other = Aiming.__new__(Aiming)
        lost = {**self._stored.unreadable, camera: ""}
        stored = StoredAims.model_construct(v=1, cameras=cameras, unreadable=lost)
        other._folder, other._stored = self._folder, stored  # noqa: SLF001  its own kind
        return other

    def keep(self) -> None:
        """Writes the file.

        Raises:
            ConfigError: the disk refuses.
        """
        try:
            write_atomic(self._folder / NAME, self._stored.model_dump_json().encode())
        except OSError as error:
            raise ConfigError(f"{NAME}: {reason_of(error)}") from None

    def tidy(self) -> None:
        """Forgets masks that nobody needs."""
        needed = {_mask_name(name, it) for name, it in self._stored.cameras.items()}
        for path in self._folder.glob("aim-*.png"):
            if path.name not in needed:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("page: %s stays: %s", path.name, reason_of(error))

    def _lost(self, cameras: Iterable[str]) -> dict[str, str]:
        """Of whose aim nothing, or not all, could be read."""
        lost = self._stored.unreadable
        found = {name: lost.get(name, lost.get("", "")) for name in cameras}
        return {name: why for name, why in found.items() if why}

    def _fitted(self, name: str, camera: CameraConfig, stored: StoredAim) -> Fitted:
        """As much of an aim as fits, and why it is not more."""
        trouble = ""
        for config, aim in self._ways(name, camera, stored):
            try:
                if aim.mask and stored.mask_size is None:
                    raise ConfigError("its painted mask is gone")  # noqa: TRY301  one answer
                if aim.privacy and camera.recording.format == "original":
                    trouble = trouble or ORIGINAL_HIDES_NOTHING
                view = view_of(name, config)
            except (ValueError, ConfigError) as error:
                trouble = trouble or shown(error)
            else:
                return self._said(name, Fitted(stored, config, aim, trouble, view))
        # nothing can be shown of it that was to be hidden
        off, aim = camera.model_copy(update={"enabled": False}), _aim_of(camera)
        return self._said(name, Fitted(stored, off, aim, f"{trouble}; the camera is off"))

    def _ways(
        self, name: str, camera: CameraConfig, stored: StoredAim
    ) -> Iterator[tuple[CameraConfig, Aim]]:
        """The aim, then with less and less of it; its privacy polygons are in all of them."""
        aim, drawn = stored.aim, None
        if aim.mask:
            drawn = self._folder / _mask_name(name, stored)
            yield _with(camera, aim, drawn), aim
        plain = aim.model_copy(update={"mask": ()})
        yield _with(camera, plain, camera.mask), plain
        in_file = Aim.model_construct(zones=camera.zones, privacy=aim.privacy, mask=())
        yield _with(camera, in_file, camera.mask), in_file
        bare = Aim.model_construct(zones={}, privacy=aim.privacy, mask=())
        yield _with(camera, bare, None), bare

    @staticmethod
    def _said(name: str, fitted: Fitted) -> Fitted:
        if fitted.trouble:
            words = "camera %s: what was drawn on the page does not fit any more: %s"
            log.warning(words, name, fitted.trouble)
        return fitted

    def _write_mask(self, camera: str, stored: StoredAim, mask: PaintedMask | None) -> None:
        if not stored.aim.mask:
            return
        if mask is None:
            raise ConfigError("the camera has shown no picture yet: a mask has to have its size")
        try:
            write_atomic(self._folder / _mask_name(camera, stored), mask.png)
        except OSError as error:
            raise ConfigError(f"the mask: {reason_of(error)}") from None


def scenes(
    applied: Applied,
    config: Config,
    parts: Iterable[CameraParts],
    before: Mapping[str, Scene],
    utc: datetime,
) -> Mapping[str, Scene]:
    """What the page has to know of each camera; who has not changed stays the same."""
    views = {part.camera_id: part.viewers for part in parts}
    in_file = applied.given.config
    found = {}
    for name, camera in config.cameras.items():
        fitted = applied.fitted.get(name)
        aim = None if fitted is None else fitted.stored.model_copy(update={"aim": fitted.aim})
        scene = Scene(
            name=camera.name or name.replace("_", " ").capitalize(),
            in_file=without_sources(in_file.cameras.get(name, camera)),
            config=without_sources(camera),
            aim=aim,
            view=views.get(name),
            since=utc,
        )
        old = before.get(name)
        same = old is not None and replace(old, since=utc) == scene
        found[name] = old if old is not None and same else scene
    return found


def _with(camera: CameraConfig, aim: Aim, mask: Path | None) -> CameraConfig:
    """The camera with an aim; both are checked already, so nothing is checked once more.

    Original recordings cannot hide anything, so they are H.264 where something is to be hidden.
    """
    recording = camera.recording
    if aim.privacy and recording.format == "original":
        recording = recording.model_copy(update={"format": "h264"})
    drawn = {"zones": aim.zones, "privacy": aim.privacy, "mask": mask, "recording": recording}
    return camera.model_copy(update=drawn)


def _aim_of(camera: CameraConfig) -> Aim:
    return Aim.model_construct(zones=camera.zones, privacy=camera.privacy, mask=())


def _mask_name(camera: str, stored: StoredAim) -> str:
    digest = hashlib.sha256(repr(stored.aim.mask).encode()).hexdigest()[:16]
    height, width = stored.mask_size or (0, 0)
    return f"aim-{camera}-{digest}-{width}x{height}.png"


def _load(path: Path) -> StoredAims:
    """What was kept; who cannot be read is named."""
    try:
        raw = json.loads(path.read_bytes())
        found = raw["cameras"].items()
        damage = {str(name): str(why)[:500] for name, why in raw.get("unreadable", {}).items()}
    except FileNotFoundError:
        return StoredAims()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        why = f"{NAME}, what was drawn on the page, is unreadable: {reason_of(error)}"
        log.warning("page: %s: the configuration is in force", why)
        return StoredAims(unreadable={"": why})
    cameras = {}
    for name, it in found:
        if not is_camera(name):
            continue
        try:
            cameras[name] = _stored_aim(it)
        except (ValueError, LookupError, TypeError) as error:
            damage[name] = f"what was drawn on the page is unreadable: {shown(error)}"
            log.warning("page: %s: %s: %s", NAME, name, damage[name])
            if (kept := _privacy_alone(it)) is not None:
                cameras[name] = kept
    return StoredAims.model_construct(v=1, cameras=cameras, unreadable=damage)


def _stored_aim(raw: Any) -> StoredAim:  # noqa: ANN401  of a damaged file
    return StoredAim.model_validate_json(json.dumps(raw))


def _privacy_alone(raw: Any) -> StoredAim | None:  # noqa: ANN401  of a damaged file
    """What must not be seen, of an aim that makes no sense as a whole."""
    try:
        return _stored_aim({"aim": {"privacy": raw["aim"]["privacy"]}, "since": raw["since"]})
    except (ValueError, LookupError, TypeError):
        return None
