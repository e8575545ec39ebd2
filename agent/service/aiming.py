"""What was drawn on the page: kept in the state folder, put over the configuration's cameras.

The configuration file is never written. A mask that was painted is kept as strokes, and as the
picture that vision reads.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from agent.config.error_messages import shown
from agent.config.loader import Loaded
from agent.core.errors import ConfigError, reason_of
from agent.core.naming import is_camera
from agent.imaging.strokes import painted
from agent.page.desk import Scene, without_sources
from agent.runtime.atomic import write_atomic
from agent.service.camera_wiring import CameraParts
from schemas.camera_config import CameraConfig
from schemas.config import Config
from schemas.page import Aim, StoredAim, StoredAims

log = logging.getLogger(__name__)

NAME = "aims.json"


class Aiming:
    """Belongs to the main thread."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir
        self._stored = _load(state_dir / NAME)

    def applied(self, loaded: Loaded) -> Loaded:
        """The configuration with what was drawn; what does not fit it any more is left out, said.

        Returns the very same where nothing was drawn.
        """
        cameras = dict(loaded.config.cameras)
        for name, stored in self._stored.cameras.items():
            if name not in cameras:
                continue
            try:
                cameras[name] = self._aimed(name, cameras[name], stored.aim)
            except ValueError as error:
                words = "camera %s: what was drawn on the page does not fit any more: %s"
                log.warning(words, name, shown(error))
        if cameras == loaded.config.cameras:
            return loaded
        return replace(loaded, config=loaded.config.model_copy(update={"cameras": cameras}))

    def with_aim(
        self, camera: str, aim: Aim | None, size: tuple[int, int] | None, utc: datetime
    ) -> Aiming:
        """Another one, with an aim of one camera; nothing is kept yet but the painted mask.

        Args:
            camera: its id.
            aim: None takes it away.
            size: height and width of the camera's pictures, if they are known.
            utc: now.

        Raises:
            ConfigError: a mask was painted, and there is no size or no room for it.
        """
        cameras = {name: it for name, it in self._stored.cameras.items() if name != camera}
        if aim is not None:
            cameras[camera] = StoredAim(aim=aim, since=utc)
            self._paint(camera, aim, size)
        other = Aiming.__new__(Aiming)
        other._folder, other._stored = self._folder, StoredAims(cameras=cameras)  # noqa: SLF001  its own kind
        return other

    def keep(self) -> None:
        """Writes the file, and forgets masks that nobody needs.

        Raises:
            ConfigError: the disk refuses.
        """
        try:
            write_atomic(self._folder / NAME, self._stored.model_dump_json().encode())
        except OSError as error:
            raise ConfigError(f"{NAME}: {reason_of(error)}") from None
        needed = {_mask_name(name, it.aim) for name, it in self._stored.cameras.items()}
        for path in self._folder.glob("aim-*.png"):
            if path.name not in needed:
                path.unlink(missing_ok=True)

    def scenes(
        self,
        in_file: Config,
        config: Config,
        parts: Iterable[CameraParts],
        before: Mapping[str, Scene],
        utc: datetime,
    ) -> Mapping[str, Scene]:
        """What the page has to know of each camera; who has not changed stays the same."""
        views = {part.camera_id: part.viewers for part in parts}
        found = {}
        for name, camera in config.cameras.items():
            scene = Scene(
                name=camera.name or name.replace("_", " ").capitalize(),
                in_file=without_sources(in_file.cameras.get(name, camera)),
                config=without_sources(camera),
                aim=self._stored.cameras.get(name),
                view=views.get(name),
                since=utc,
            )
            old = before.get(name)
            same = old is not None and replace(old, since=utc) == scene
            found[name] = old if old is not None and same else scene
        return found

    def _aimed(self, name: str, camera: CameraConfig, aim: Aim) -> CameraConfig:
        mask = self._folder / _mask_name(name, aim) if aim.mask else camera.mask
        if aim.mask and mask is not None and not mask.is_file():
            raise ValueError("its painted mask is gone: draw it again")
        drawn = {"zones": aim.zones, "privacy": aim.privacy, "mask": mask}
        return CameraConfig.model_validate({**camera.model_dump(), **drawn})

    def _paint(self, camera: str, aim: Aim, size: tuple[int, int] | None) -> None:
        if not aim.mask:
            return
        if size is None or 0 in size:
            raise ConfigError("the camera has shown no picture yet: a mask has to have its size")
        try:
            write_atomic(self._folder / _mask_name(camera, aim), painted(aim.mask, *size))
        except OSError as error:
            raise ConfigError(f"the mask: {reason_of(error)}") from None


def _mask_name(camera: str, aim: Aim) -> str:
    digest = hashlib.sha256(repr(aim.mask).encode()).hexdigest()[:16]
    return f"aim-{camera}-{digest}.png"


def _load(path: Path) -> StoredAims:
    try:
        stored = StoredAims.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return StoredAims()
    except (OSError, ValidationError) as error:
        log.warning("page: %s: unreadable, the configuration is in force: %s", path, shown(error))
        return StoredAims()
    return StoredAims(cameras={n: it for n, it in stored.cameras.items() if is_camera(n)})
