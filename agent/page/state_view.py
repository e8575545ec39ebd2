"""The engine's state as the page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from agent.core.event_payloads import motion_attributes
from agent.core.health import agent_status, camera_health
from agent.core.modes import schedule_of
from agent.core.problem import by_id
from agent.core.problems import agent_problems
from agent.core.state import AgentNow, CameraNow, Now
from agent.page.bridge import Scene
from schemas.page import CameraView, PageState, StoreView


def page_state(state: AgentNow, scenes: Mapping[str, Scene], now: Now) -> PageState:
    """Everything that the page shows of now."""
    problems = agent_problems(state, now.at)
    store = state.store
    return PageState(
        name=state.setup.name,
        version=state.setup.version,
        status=agent_status(state, problems),
        problems=dict(by_id(problems)),
        broker=_broker(state),
        store=StoreView(
            state="starting" if store is None else store.code.value,
            reason="" if store is None else "; ".join(filter(None, (store.reason, store.helps))),
            free_mib=None if store is None else store.free_mib,
            days_left=None if store is None else store.days_left,
        ),
        cameras=[
            camera_view(state, camera, scenes.get(name), now)
            for name, camera in state.cameras.items()
        ],
    )


def camera_view(state: AgentNow, camera: CameraNow, scene: Scene | None, now: Now) -> CameraView:
    """One camera."""
    health = camera_health(state, camera, now)
    about = motion_attributes(camera)
    name = camera.camera_id
    why = health.reasons.get(f"camera_{health.state}", "" if camera.live else health.state_reason)
    return CameraView(
        id=name,
        name=name if scene is None else scene.name,
        state=health.state,
        reason=why,
        since=health.state_since,
        live=camera.live,
        armed=camera.settings.armed,
        private=camera.settings.privacy,
        snoozed_until=camera.snooze.until if camera.snooze else None,
        schedule=schedule_of(state, camera).text if camera.setup.schedule.rules else "",
        moving=camera.motion is not None,
        recording=camera.clip is not None or (camera.motion is not None and camera.motion.recorded),
        fps=round(health.fps, 1),
        width=health.width,
        height=health.height,
        events=camera.events,
        last_motion=camera.last_motion_utc,
        explanation=about.explanation,
        problems={code: health.reasons.get(code, "") for code in health.problems},
        profile="" if scene is None else scene.config.detection.profile,
        settings=camera.settings,
        origins=dict(camera.provenance()),
        proposal=camera.proposal,
    )


def _broker(state: AgentNow) -> str:
    if state.connected:
        return "connected"
    return "connecting" if state.trouble is None else state.trouble.reason
