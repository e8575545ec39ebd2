"""The live view: pictures twice a second for some time, ended by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from agent.core import privacy_mode, responses, state_messages
from agent.core.effects import Effect, ToVision
from agent.core.orders import ShowLively
from agent.core.setting_messages import no_live_picture
from agent.core.state import AgentNow, Now
from schemas.commands import ReplyTo, ShowLive

Step = tuple[AgentNow, list[Effect]]


def show(now_state: AgentNow, command: ShowLive, reply: ReplyTo, now: Now) -> Step:
    """Begins it, or goes on for this number of seconds from now on; 0 ends it."""
    camera = now_state.cameras[command.camera]
    if command.seconds and (words := privacy_mode.no_pictures(camera)):
        now_state, effects = responses.fail(now_state, reply, "camera_unavailable", words, now)
        return now_state, [state_messages.live_view(camera), *effects]
    if command.seconds and not now_state.setup.publish_images:
        words = "mqtt.publish_images is off: no pictures go to the broker"
        now_state, effects = responses.fail(now_state, reply, "not_used", words, now)
        return now_state, [state_messages.live_view(camera), *effects]
    until = now.at + command.seconds
    camera = replace(camera, live_until=until if command.seconds else None)
    data = {"until": (now.utc + timedelta(seconds=command.seconds)).isoformat()}
    now_state = now_state.with_camera(camera)
    return now_state, [
        ToVision(command.camera, ShowLively(until)),
        state_messages.live_view(camera),
        *no_live_picture(camera),
        *responses.answer(now_state, reply, now, data=data),
    ]


def expire(now_state: AgentNow, now: Now) -> Step:
    """Says OFF where the time is over, or there are no pictures."""
    effects: list[Effect] = []
    for camera in now_state.cameras.values():
        over = privacy_mode.no_pictures(camera) or now.at >= (camera.live_until or 0.0)
        if camera.live_until is not None and over:
            off = replace(camera, live_until=None)
            now_state = now_state.with_camera(off)
            effects += [
                ToVision(camera.camera_id, ShowLively(now.at)),
                state_messages.live_view(off),
                *no_live_picture(off),
            ]
    return now_state, effects
