"""What a configuration that was read again changes. Pure; `agent.service.app` carries it out."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.config import Config


@dataclass(frozen=True, slots=True)
class Changes:
    """Between two configurations.

    Attributes:
        added: ids of cameras that are new.
        changed: ids of cameras of which any key is another one.
        removed: ids of cameras that are no longer there.
        elsewhere: top-level keys that changed and take a restart.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def renewed(self) -> tuple[str, ...]:
        """Cameras whose parts are built anew."""
        return self.added + self.changed

    @property
    def ended(self) -> tuple[str, ...]:
        """Cameras whose parts are stopped."""
        return self.removed + self.changed

    @property
    def text(self) -> str:
        """The cameras in words, for the log."""
        named = {"added": self.added, "changed": self.changed, "removed": self.removed}
        words = [f"{what} {', '.join(cameras)}" for what, cameras in named.items() if cameras]
        return "; ".join(words) or "no camera changed"


def changes_between(old: Config, new: Config) -> Changes:
    """What differs; nothing of it is checked but what the models check."""
    both = [name for name in new.cameras if name in old.cameras]
    return Changes(
        added=tuple(name for name in new.cameras if name not in old.cameras),
        changed=tuple(name for name in both if new.cameras[name] != old.cameras[name]),
        removed=tuple(name for name in old.cameras if name not in new.cameras),
        elsewhere=tuple(
            key
            for key in Config.model_fields
            if key != "cameras" and getattr(old, key) != getattr(new, key)
        ),
    )


def with_cameras_of(old: Config, new: Config) -> Config:
    """The old configuration with the cameras of the new one: what a running agent can take over."""
    return old.model_copy(update={"cameras": new.cameras})
