"""A camera's settings as messages, and whether it is usable."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core import privacy_mode
from agent.core.state import CameraNow
from schemas.messages import Publish, state
from schemas.settings import show_value

ONLINE = "online"
OFFLINE = "offline"


def setting_state(camera: CameraNow, name: str) -> Publish:
    """The value in force of one camera setting; of one that does nothing here, that there is none.

    The broker may still have the value of another profile.
    """
    if name not in camera.setup.shown:
        return state(camera.topics.setting_state(name), b"")
    value = show_value(getattr(camera.settings, name))
    return state(camera.topics.setting_state(name), value)


def setting_states(camera: CameraNow, names: Iterable[str]) -> list[Publish]:
    """The values in force, and what else follows of them: is it usable, does it look live."""
    names = list(names)
    usable = [camera_availability(camera)] if "privacy" in names else []
    lively = no_live_picture(camera) if {"privacy", "live_interval"} & set(names) else []
    return [*(setting_state(camera, name) for name in names), *usable, *lively]


def camera_availability(camera: CameraNow) -> Publish:
    """Is the camera usable: `online` while frames come, and while nobody wants any."""
    online = camera.live or privacy_mode.shut(camera)
    return state(camera.topics.availability, ONLINE if online else OFFLINE)


def looks_live(camera: CameraNow) -> bool:
    """True while live pictures come, now and then at least."""
    wanted = camera.settings.live_interval > 0 or camera.live_until is not None
    return camera.live and wanted and not camera.settings.privacy


def no_live_picture(camera: CameraNow) -> list[Publish]:
    """Takes the last one off the broker where no other one follows; in privacy mode the card does.

    A camera that is away must not look live.
    """
    if looks_live(camera) or camera.settings.privacy:
        return []
    topics = (camera.topics.live_image, camera.topics.live_meta)
    return [Publish(topic, b"", 1, retain=True, at_once=True) for topic in topics]
