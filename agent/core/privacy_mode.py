"""Privacy mode: nothing of a camera is fetched, judged, recorded or shown. Pure.

The gate ends the camera's sessions and lets no frame through. Vision ends event and clips,
forgets all frames and shows a grey card. The pictures that were shown before are replaced by it.
"""

from __future__ import annotations

from dataclasses import replace

from agent.core.effects import Effect, MovePrivacyGate, ToVision
from agent.core.messages import CameraCode
from agent.core.orders import Configure, StopBeep
from agent.core.state import CameraNow

#: Why a command that needs a picture gets none.
REFUSAL = "privacy mode is on: the agent fetches nothing from this camera"


def shut(camera: CameraNow) -> bool:
    """True while privacy mode is on; a camera that is disabled is that and nothing else."""
    disabled = camera.link is not None and camera.link.code is CameraCode.DISABLED
    return camera.settings.privacy and not disabled


def no_pictures(camera: CameraNow) -> str:
    """Why there is no picture to be had now; empty: there is."""
    if shut(camera):
        return f"camera {camera.camera_id}: {REFUSAL}"
    return "" if camera.live else f"camera {camera.camera_id} gives no pictures now"


def hidden(camera: CameraNow) -> CameraNow:
    """The camera without a picture of before, if it is private."""
    return without_pictures(camera) if camera.settings.privacy else camera


def without_pictures(camera: CameraNow) -> CameraNow:
    """The camera without a picture of before."""
    return replace(
        camera, snapshot=None, overlay=None, heatmap=None, motion_picture=None, delta=None
    )


def first_orders(camera: CameraNow) -> list[Effect]:
    """What a camera's new owners have to know before they start.

    They were built before the old ones ended. Meanwhile a command may have changed a setting.
    """
    return [
        MovePrivacyGate(camera.camera_id, closed=camera.settings.privacy),
        ToVision(camera.camera_id, Configure(camera.vision_settings())),
    ]


def orders(before: CameraNow, after: CameraNow) -> list[Effect]:
    """What the camera's owners have to know of other settings: nothing slips in between.

    A beep that nobody wants any more ends.
    """
    settings: Effect = ToVision(after.camera_id, Configure(after.vision_settings()))
    was, now = before.settings.privacy, after.settings.privacy
    gate: list[Effect] = [MovePrivacyGate(after.camera_id, closed=now)] if was != now else []
    ends_alarm = _alarms(before) and not _alarms(after)
    quiet: list[Effect] = [StopBeep(after.camera_id)] if ends_alarm else []
    return [*quiet, *gate, settings] if now else [*quiet, settings, *gate]


def _alarms(camera: CameraNow) -> bool:
    """With these settings its events beep."""
    settings = camera.settings
    return settings.beep_on_motion and settings.armed and not settings.privacy
