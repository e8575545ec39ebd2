"""What is true now, as messages: said on every connect, and after Home Assistant's birth."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from agent.core.effects import Effect, PublishDiscovery
from agent.core.event_payloads import motion_attributes
from agent.core.health import agent_health, agent_info, camera_health
from agent.core.state import AgentNow, CameraNow, Now, Picture
from schemas.channels import STATES, Channel
from schemas.messages import Publish, state
from schemas.settings import AgentSettings, CameraSettings, setting_names, show_value
from schemas.state import LastError, ObjectState, PictureMeta, StoreAnchor
from schemas.topics import AgentTopics, CameraTopics

#: Retained pictures leave the broker after a day, so that nobody takes an old one for today's.
PICTURE_EXPIRY = 86_400

ONLINE = "online"
OFFLINE = "offline"


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
    effects.append(state(topics.info, agent_info(now_state).to_json()))
    effects.append(state(topics.error, last_error(now_state).to_json()))
    effects.append(state(topics.health, agent_health(now_state, now).to_json()))
    return effects


def last_error(now_state: AgentNow) -> LastError:
    """The last error, or that there was none: the broker may still show one of an earlier process.

    It is the same each time it is said.
    """
    since = now_state.setup.started_utc
    return now_state.error or LastError(code="ok", message="", source="agent", count=0, ts=since)


def camera_states(now_state: AgentNow, camera: CameraNow, now: Now) -> list[Effect]:
    """A camera's settings, motion, recording, availability, health."""
    effects: list[Effect] = [setting_state(camera, name) for name in setting_names(CameraSettings)]
    effects.append(motion_state(camera))
    attributes = motion_attributes(camera)
    if attributes.event_id is not None:
        effects.append(state(camera.topics.motion_attributes, attributes.to_json()))
    if camera.setup.classify is not None:
        effects.append(objects_state(camera))
    effects += [
        recording_state(camera),
        camera_availability(camera),
        state(camera.topics.health, camera_health(now_state, camera, now).to_json()),
        *store_anchor(camera),
    ]
    return effects


def setting_state(camera: CameraNow, name: str) -> Publish:
    """The value in force of one camera setting."""
    value = show_value(getattr(camera.settings, name))
    return state(camera.topics.setting_state(name), value)


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


def camera_availability(camera: CameraNow) -> Publish:
    """Is the camera usable: `online` only while frames come."""
    return state(camera.topics.availability, ONLINE if camera.live else OFFLINE)


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


def _picture(topic: str, content: bytes, kind: str, meta: Publish | None = None) -> Publish:
    """Both leave the broker together."""
    described = meta and replace(meta, expiry=PICTURE_EXPIRY)
    return Publish(
        topic,
        content,
        0,
        retain=True,
        content_type=kind,
        expiry=PICTURE_EXPIRY,
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
    """No camera is usable without us; said on purpose, since a will speaks for the agent only."""
    return [state(c.topics.availability, OFFLINE) for c in now_state.cameras.values()]


def farewell(topics: AgentTopics) -> Publish:
    """The last message: we leave on purpose."""
    return state(topics.availability, OFFLINE)
