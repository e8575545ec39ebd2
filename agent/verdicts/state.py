"""How a camera is at some moment, as far as it explains why nothing happened. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from agent.core import privacy_mode
from agent.core.state import AgentNow, CameraNow
from agent.core.store_code import USABLE, StoreCode
from agent.core.store_names import MONITORING, day_name, monitoring_file


class State(NamedTuple):
    """What was so at a camera; written as JSON by these names.

    Attributes:
        armed: frames are to be judged.
        away: why the camera gives no pictures; empty: it does.
        unjudged: why no frame is judged although frames come; empty: all is well.
        store: why nothing can be stored; empty: it can.
        records: a clip is recorded of each event.
        event: id of the running event; empty: none.
    """

    armed: bool = True
    away: str = ""
    unjudged: str = ""
    store: str = ""
    records: bool = True
    event: str = ""


class Stored(NamedTuple):
    """A picture or clip of the store: the epoch second of its beginning, and its path there."""

    at: float
    path: str


#: Letters of one text of a state; a reason is a sentence.
_LONGEST = 200


def state_of(agent: AgentNow, camera: CameraNow) -> State:
    """How the camera is now."""
    link, watch = camera.link, camera.watch
    away = "" if camera.live else "it is being connected" if link is None else link.reason
    away = privacy_mode.REFUSAL if privacy_mode.shut(camera) else away
    away = away or ("" if camera.live or link is None else link.code.value)
    return State(
        armed=camera.settings.armed,
        away=away[:_LONGEST],
        unjudged="" if watch is None else watch.unjudged[:_LONGEST],
        store=_store(agent)[:_LONGEST],
        records=camera.settings.record_on_motion,
        event="" if camera.motion is None else camera.motion.event_id,
    )


def stored_of(agent: AgentNow, camera: CameraNow) -> tuple[Stored, ...]:
    """The newest clip that is safe, and the newest monitoring picture that went to the store."""
    found = []
    if (saved := camera.last_saved) is not None:
        found.append(Stored(saved.started_utc.timestamp(), saved.path))
    shot = camera.snapshot
    if shot is not None and shot.meta.reason == "interval" and not _store(agent):
        found.append(_monitoring(camera.camera_id, shot.meta.captured_at))
    return tuple(found)


def _monitoring(camera: str, utc: datetime) -> Stored:
    local = utc.astimezone()
    path = "/".join((camera, day_name(local), MONITORING, monitoring_file(local)))
    return Stored(utc.timestamp(), path)


def _store(agent: AgentNow) -> str:
    store = agent.store
    if store is None or store.code in USABLE:
        return ""
    if store.code is StoreCode.NONE:
        return "no image store is configured"
    return store.reason or store.code.value
