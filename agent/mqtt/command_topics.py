"""Topics -> what they are for: the commands that there are, and slips that look like one. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

from schemas.settings import AgentSettings, CameraSettings, setting_names
from schemas.topics import OPERATIONS, AgentTopics

#: What is looked at of a topic that does not exist; three ids and a word have 100 characters.
MAX_TOPIC = 120


@dataclass(frozen=True, slots=True)
class Address:
    """What a command topic is for; `name` is also the last level of the response topic."""

    kind: Literal["setting", "press", "live", "request", "unknown"]
    name: str
    camera: str | None = None


def command_filters(topics: AgentTopics) -> list[str]:
    """The subscriptions: all below our root that ends like a command, so that a slip is answered.

    They hold for any cameras. An answer of ours to a request that is called like a command comes
    back to us, and is ignored.
    """
    ends = {("+",) * (depth - 1) + (verb,) for depth, verb in _shapes(topics)}
    return [topics.request("+"), *sorted(f"{topics.root}/{'/'.join(end)}" for end in ends)]


def slip_filters(topics: AgentTopics) -> list[str]:
    """Subscriptions for settings without their `/set`, the usual slip.

    `+/armed` overlaps `request/+` (some brokers deliver `request/armed` twice) and hears our own
    `response/armed`, which `address_of` ignores.
    """
    return [f"{topics.root}/{bare}" for bare in sorted(_bare(topics))]


def command_topics(topics: AgentTopics, cameras: Collection[str]) -> list[str]:
    """The topics of all commands that there are."""
    return list(_addresses(topics, tuple(cameras)))


@lru_cache(maxsize=4)
def _addresses(topics: AgentTopics, cameras: tuple[str, ...]) -> dict[str, Address]:
    table = {topics.setting_set(n): Address("setting", n) for n in setting_names(AgentSettings)}
    table[topics.beep_play] = Address("press", "beep")
    table[topics.restart] = Address("press", "restart")
    table[topics.snooze_set] = Address("press", "snooze")
    for operation in OPERATIONS:
        table[topics.request(operation)] = Address("request", operation)
    for camera in cameras:
        of_camera = topics.camera(camera)
        for name in setting_names(CameraSettings):
            table[of_camera.setting_set(name)] = Address("setting", name, camera)
        table[of_camera.snapshot_take] = Address("press", "snapshot", camera)
        table[of_camera.overlay_take] = Address("press", "overlay", camera)
        table[of_camera.recording_keep] = Address("press", "keep", camera)
        table[of_camera.false_alarm_mark] = Address("press", "mark", camera)
        table[of_camera.recording_start] = Address("press", "record", camera)
        table[of_camera.snooze_set] = Address("press", "snooze", camera)
        table[of_camera.live_view_set] = Address("live", "live_view", camera)
        table[of_camera.settings_reset] = Address("press", "settings", camera)
    return table


def address_of(topic: str, topics: AgentTopics, cameras: tuple[str, ...]) -> Address | None:
    """What a topic is for; None: it is no command, nor meant to be one of ours."""
    known = _addresses(topics, cameras).get(topic)
    if known is not None or not topic.startswith(f"{topics.root}/"):
        return known
    request = topics.request("")
    if topic.startswith(request):
        return Address("request", _level(topic.removeprefix(request)))
    levels = topic.removeprefix(f"{topics.root}/").split("/")
    if "response" in levels:
        return None  # an answer is no command, with any name of the command
    bare = "/".join([*("+" for _ in levels[1:]), levels[-1]]) in _bare(topics)
    if not bare and (len(levels), levels[-1]) not in _shapes(topics):
        return None
    nouns = levels if bare else levels[:-1]  # the last of them is the command's
    camera = nouns[0] if len(nouns) > 1 and nouns[0] in cameras else None
    return Address("unknown", _level(nouns[-1]), camera)


@lru_cache(maxsize=4)
def _shapes(topics: AgentTopics) -> frozenset[tuple[int, str]]:
    """How the topics of commands end: levels below our root, and the last of them."""
    ours = len(topics.root) + 1
    some = (topic[ours:] for topic in _addresses(topics, ("+",)))
    return frozenset(
        (topic.count("/") + 1, topic.rpartition("/")[2])
        for topic in some
        if not topic.startswith("request/")
    )


@lru_cache(maxsize=4)
def _bare(topics: AgentTopics) -> frozenset[str]:
    """The settings' topics below our root without their ending."""
    ours = len(topics.root) + 1
    table = _addresses(topics, ("+",)).items()
    return frozenset(t[ours:].rpartition("/")[0] for t, a in table if a.kind == "setting")


def _level(word: str) -> str:
    """An unknown operation's name as it may stand in a response topic."""
    return "".join(c for c in word if c.isascii() and (c.isalnum() or c == "_"))[:32] or "unknown"


def nearest(topic: str, topics: AgentTopics, cameras: tuple[str, ...]) -> str:
    """The command's topic that is most like one that does not exist."""
    ours = len(topics.root) + 1
    known = [name[ours:] for name in _addresses(topics, cameras)]
    (near,) = get_close_matches(topic[ours:][:MAX_TOPIC], known, n=1, cutoff=0.0)
    return f"{topics.root}/{near}"
