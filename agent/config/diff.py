"""What a configuration that was read again changes. Pure; `agent.service.app` carries it out."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.camera_config import CameraConfig
from schemas.config import Config

#: Top-level keys that need no restart.
_TAKEN_OVER = ("cameras", "location", "schedule")


@dataclass(frozen=True, slots=True)
class Changes:
    """Between two configurations.

    Attributes:
        added: ids of cameras that are new.
        changed: ids of cameras of which any key but `schedule` is another one.
        removed: ids of cameras that are no longer there.
        elsewhere: top-level keys that changed and take a restart.
        schedules: what the clock switches changed; no camera is built again for it.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    schedules: bool = False

    @property
    def renewed(self) -> tuple[str, ...]:
        """Cameras whose parts are built again."""
        return self.added + self.changed

    @property
    def ended(self) -> tuple[str, ...]:
        """Cameras whose parts are stopped."""
        return self.removed + self.changed

    @property
    def text(self) -> str:
        """The cameras in words, for the log."""
        named = {"added": self.added, "changed": self.changed, "removed": self.removed}
        named["changed the"] = ("schedule",) if self.schedules else ()
        words = [f"{what} {', '.join(cameras)}" for what, cameras in named.items() if cameras]
        return "; ".join(words) or "no camera changed"


def changes_between(old: Config, new: Config) -> Changes:
    """What differs; nothing of it is checked but what the models check."""
    both = [name for name in new.cameras if name in old.cameras]
    return Changes(
        added=tuple(name for name in new.cameras if name not in old.cameras),
        changed=tuple(
            name for name in both if _built_of(new.cameras[name]) != _built_of(old.cameras[name])
        ),
        removed=tuple(name for name in old.cameras if name not in new.cameras),
        elsewhere=tuple(
            key
            for key in Config.model_fields
            if key not in _TAKEN_OVER and getattr(old, key) != getattr(new, key)
        ),
        schedules=any(
            new.rules_of(name) != old.rules_of(name) or new.location != old.location
            for name in both
        ),
    )


def _built_of(camera: CameraConfig) -> CameraConfig:
    """What its parts are built of."""
    return camera.model_copy(update={"schedule": None})


def with_cameras_of(old: Config, new: Config) -> Config:
    """The old configuration with what a running agent can take over: cameras and schedules."""
    return old.model_copy(update={key: getattr(new, key) for key in _TAKEN_OVER})
