"""What is true now, as messages: said on every connect, and after Home Assistant's birth."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from agent.core.effects import Effect, PublishDiscovery, Say
from agent.core.event_payloads import motion_attributes
from agent.core.health import agent_health, agent_info, camera_health
from agent.core.modes import all_snoozed, schedule_state, snooze_state
from agent.core.setting_messages import (
    OFFLINE,
    ONLINE,
    camera_availability,
    looks_live,
    no_live_picture,
    setting_state,
)
from agent.core.state import AgentNow, CameraNow, Now, Picture
from schemas.channels import STATES, Channel
from schemas.messages import Publish, state
from schemas.proposal import Proposal
from schemas.settings import AgentSettings, CameraSettings, setting_names, show_value
from schemas.state import LastError, ObjectState, PictureMeta, StoreAnchor
from schemas.topics import AgentTopics, CameraTopics

#: Retained pictures leave the broker after a day, so that nobody takes an old one for today's.
PICTURE_EXPIRY = 86_400
#: Seconds that a live picture stays in the broker, and three intervals more.
LIVE_EXPIRY = 60


def everything(now_state: AgentNow, now: Now, *, born: bool = False) -> list[Effect]:
    """Discovery, all states, `online` last, then the pictures.

    `born`: because Home Assistant has just started. The broker has given it the pictures already;
    once more they would look like new ones.
    """
    topics = now_state.setup.topics
    effects: list[Effect] = [PublishDiscovery(born)]
    effects += agent_states(now_state, now)
    for camera in now_state.cameras.values():
        effects += camera_states(now_state, camera, now)
    effects.append(state(topics.availability, ONLINE))
    if not born:
        for camera in now_state.cameras.values():
            effects += pictures(now_state, camera)
    return effects


def agent_states(now_state: AgentNow, now: Now) -> list[Effect]:
    """The agent's own settings, info, last error, health."""
    topics = now_state.setup.topics
    effects: list[Effect] = [
        state(
            topics.setting_state(name),
            show_value(getattr(now_state.settings, name)),
        )
        for name in setting_names(AgentSettings)
    ]
    effects.append(all_snoozed(now_state))
    effects.append(state(topics.info, agent_info(now_state).to_json()))
    effects.append(state(topics.error, last_error(now_state).to_json()))
    effects.append(state(topics.health, agent_health(now_state, now).to_json()))
    return [*effects, *self_test_state(now_state)]


def self_test_state(now_state: AgentNow) -> list[Effect]:
    """The result of the self test; none before its thread has said what it knows."""
    if now_state.self_test is None:
        return []
    return [state(now_state.setup.topics.self_test, now_state.self_test.to_json())]


def last_error(now_state: AgentNow) -> LastError:
    """The last error, or that there was none: the broker may still show one of an earlier process.

    It is the same each time it is said.
    """
    since = now_state.setup.started_utc
    return now_state.error or LastError(code="ok", message="", source="agent", count=0, ts=since)


def camera_states(now_state: AgentNow, camera: CameraNow, now: Now) -> list[Effect]:
    """A camera's settings, motion, recording, availability, health."""
    effects: list[Effect] = [setting_state(camera, n) for n in setting_names(CameraSettings)]
    effects.append(motion_state(camera))
    attributes = motion_attributes(camera)
    if attributes.event_id is not None:
        effects.append(state(camera.topics.motion_attributes, attributes.to_json()))
    if camera.setup.classify is not None:
        effects.append(objects_state(camera))
    effects += [
        recording_state(camera),
        *last_clip(camera),
        live_view(camera),
        camera_availability(camera),
        *no_live_picture(camera),
        schedule_state(now_state, camera),
        snooze_state(camera),
        state(camera.topics.health, camera_health(now_state, camera, now).to_json()),
        *store_anchor(camera),
        proposal_state(camera),
    ]
    return effects


def motion_state(camera: CameraNow) -> Publish:
    """ON while an event runs and for `clear_delay` after it."""
    return state(camera.topics.motion, "ON" if camera.motion_shown else "OFF")


def objects_state(camera: CameraNow) -> Publish:
    """What moves now, and what moved last; of cameras whose events are named."""
    return state(camera.topics.objects, (camera.objects or ObjectState()).to_json())


def recording_state(camera: CameraNow) -> Publish:
    """ON while a clip is being recorded."""
    event = camera.motion is not None and camera.motion.recorded
    on = event or camera.clip is not None
    return state(camera.topics.recording, "ON" if on else "OFF")


def last_clip(camera: CameraNow) -> list[Effect]:
    """The last clip that was saved or lost; nothing before the first since the agent's start."""
    if camera.last_clip is None:
        return []
    return [state(camera.topics.recording_last, camera.last_clip.to_json())]


def live_view(camera: CameraNow) -> Publish:
    """ON while live pictures come twice a second."""
    return state(camera.topics.live_view, "OFF" if camera.live_until is None else "ON")


def live_picture(now_state: AgentNow, camera: CameraNow, shown: Picture) -> list[Effect]:
    """The picture of now. It leaves the broker soon where no other one follows."""
    if not now_state.setup.publish_images or not looks_live(camera):
        return []
    expiry = int(3 * camera.settings.live_interval) + LIVE_EXPIRY
    meta = state(camera.topics.live_meta, shown.meta.to_json())
    return [_picture(camera.topics.live_image, shown.jpeg, "image/jpeg", meta, expiry)]


def proposal_state(camera: CameraNow) -> Publish:
    """What would spare the marked false alarms."""
    made = camera.proposal or Proposal(camera=camera.camera_id)
    return state(camera.topics.proposal, made.to_json())


def store_anchor(camera: CameraNow) -> list[Effect]:
    """How far the camera's manifests reach; nothing before the store was opened."""
    if camera.anchor is None:
        return []
    said = StoreAnchor.model_validate(camera.anchor.wire())
    return [state(camera.topics.store_anchor, said.to_json())]


def picture(now_state: AgentNow, topic: str, meta_topic: str, shown: Picture) -> list[Effect]:
    """A picture with its description; nothing when pictures are not to be published.

    The description comes behind the picture: who sees its id already has the picture.
    """
    if not now_state.setup.publish_images:
        return []
    meta = state(meta_topic, shown.meta.to_json())
    return [_picture(topic, shown.jpeg, "image/jpeg", meta)]


def _picture(
    topic: str,
    content: bytes,
    kind: str,
    meta: Publish | None = None,
    expiry: int = PICTURE_EXPIRY,
) -> Publish:
    """Both leave the broker together, after `expiry` seconds."""
    described = meta and replace(meta, expiry=expiry)
    return Publish(
        topic,
        content,
        0,
        retain=True,
        content_type=kind,
        expiry=expiry,
        description=described,
    )


def delta(now_state: AgentNow, camera: CameraNow) -> list[Effect]:
    """The binary image of the last event."""
    if not now_state.setup.publish_images or camera.delta is None:
        return []
    return [_picture(camera.topics.motion_delta, camera.delta, "image/png")]


def pictures(now_state: AgentNow, camera: CameraNow) -> list[Effect]:
    """All pictures that a camera has to show."""
    topics = camera.topics
    effects: list[Effect] = []
    if camera.snapshot is not None:
        effects += picture(now_state, topics.snapshot, topics.snapshot_meta, camera.snapshot)
    if camera.settings.privacy and camera.snapshot is not None:  # the card
        effects += picture(now_state, topics.live_image, topics.live_meta, camera.snapshot)
    if camera.overlay is not None:
        effects += picture(now_state, topics.overlay, topics.overlay_meta, camera.overlay)
    if camera.heatmap is not None:
        effects += picture(now_state, topics.heatmap, topics.heatmap_meta, camera.heatmap)
    if camera.motion_picture is not None:
        effects += picture(
            now_state, topics.motion_image, topics.motion_image_meta, camera.motion_picture
        )
    return effects + delta(now_state, camera)


def retained_topics(
    topics: AgentTopics,
    cameras: Iterable[str],
    *,
    images: bool = True,
    named: Collection[str] | None = None,
) -> list[str]:
    """What the broker may hold of an agent with these cameras, discovery apart.

    `images`: its pictures are published; `named`: cameras whose events are named, None: all.
    """
    cameras = list(cameras)
    own = [c for c in STATES if "{camera}" not in c.topic]
    found = [topic for channel in own for topic in _named(channel, topics)]
    for camera in cameras:
        found += retained_of_camera(topics.camera(camera), images=images)
    unnamed = [c for c in cameras if named is not None and c not in named]
    never = {topics.camera(camera).objects for camera in unnamed}
    return [topic for topic in found if topic not in never]


def retained_of_camera(topics: CameraTopics, *, images: bool = True) -> list[str]:
    """What the broker may hold of a camera."""
    wanted = [c for c in STATES if "{camera}" in c.topic and (images or not _of_picture(c))]
    return [t for channel in wanted for t in _named(channel, topics.agent, topics.camera_id)]


def retained_pictures(topics: CameraTopics) -> list[str]:
    """Where a camera's pictures are, and what is said of them."""
    return sorted({*retained_of_camera(topics)} - {*retained_of_camera(topics, images=False)})


def no_pictures(camera: CameraNow) -> list[Effect]:
    """Takes all pictures of a camera off the broker."""
    topics = retained_pictures(camera.topics)
    return [Publish(topic, b"", 1, retain=True, at_once=True) for topic in topics]


def _named(channel: Channel, topics: AgentTopics, camera: str = "") -> list[str]:
    names = setting_names(CameraSettings if camera else AgentSettings)
    settings = names if "{setting}" in channel.topic else ("",)
    here = {"base": topics.base, "agent": topics.agent_id, "camera": camera}
    return [channel.topic.format(**here, setting=setting) for setting in settings]


def _of_picture(channel: Channel) -> bool:
    return channel.media.startswith("image/") or channel.model is PictureMeta


def burial(topics: CameraTopics) -> list[Effect]:
    """Takes everything retained of a camera that is no longer there off the broker."""
    return [Publish(topic, b"", 1, retain=True) for topic in retained_of_camera(topics)]


def cameras_farewell(now_state: AgentNow) -> list[Effect]:
    """What is no longer true of each camera: motion, its live picture, and that it is usable.

    Said on purpose: a will speaks for the agent only, and with MQTT 3.1.1 nothing leaves the broker
    by itself. Privacy mode's card stays.
    """
    effects: list[Effect] = []
    for camera in now_state.cameras.values():
        gone = replace(camera, link=None, live_until=None, motion_shown=False)
        shown = [state(camera.topics.availability, OFFLINE), *no_live_picture(gone)]
        effects += [motion_state(gone), live_view(gone), *shown]
    return effects


def farewell(topics: AgentTopics) -> Publish:
    """The last message: we leave on purpose."""
    return state(topics.availability, OFFLINE)


def still_alive(now_state: AgentNow) -> Say:
    """The figures of each camera for the log."""
    parts = []
    for camera in now_state.cameras.values():
        stats = now_state.gauges.cameras.get(camera.camera_id)
        frames = (
            f"{stats.frames} frames, {stats.frames_damaged} damaged, {stats.reconnects} reconnects"
            if stats
            else "no frames"
        )
        parts.append(f"{camera.camera_id}: {frames}, {camera.events} events, {camera.saved} clips")
    return Say("INFO", f"agent: still alive; {'; '.join(parts)}")
