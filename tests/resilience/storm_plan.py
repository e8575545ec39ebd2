"""What happens in a storm: commands and outside events in random order, from a seed.

A command that comes alone is tested elsewhere. Here one comes while another is carried out, or
while a camera, the broker, the store or the configuration changes.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from schemas.topics import AgentTopics

#: A web camera, one that is asked for each picture, the UDP camera, and one by RTSP.
CAMERAS = ("yard", "shed", "gate", "lane")
#: What storms set, and to what. `privacy` and `armed` come often: most hangs on them.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "privacy": ("ON", "OFF"),
    "armed": ("ON", "OFF"),
    "record_on_motion": ("ON", "OFF"),
    "publish_scores": ("ON", "OFF"),
    "beep_on_motion": ("ON", "OFF"),
    "sensitivity": ("low", "normal", "high"),
    "post_frames": ("2", "10"),
    "clear_delay": ("0", "3"),
    "live_interval": ("0", "1", "10"),
    "monitoring_interval": ("0", "1", "900"),
    "max_event_seconds": ("0", "2", "600"),
}
#: Seconds between two acts: most follow at once, which is where two owners meet.
GAPS = (0.0, 0.0, 0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 2.0)


@dataclass(frozen=True)
class Act:
    """One thing that happens.

    Attributes:
        gap: seconds before it.
        what: a command's channel, or an outside event.
        camera: that it is about; empty: none.
        value: its payload, or how.
    """

    gap: float
    what: str
    camera: str = ""
    value: str = ""

    def __str__(self) -> str:
        return f"{self.gap:g} {self.what} {self.camera} {self.value}"


Chance = random.Random
Payload = Callable[[Chance, str], str]


def _one(*words: str) -> Payload:
    return lambda chance, _camera: chance.choice(words)


def _request(**fields: object) -> Payload:
    """A request about a camera."""
    return lambda _chance, camera: json.dumps({"camera": camera, **fields})


def _patch(chance: Chance, camera: str) -> str:
    names = chance.sample(sorted(set(SETTINGS) - {"sensitivity"}), 3)
    values = {name: chance.choice((*SETTINGS[name], None)) for name in names}
    return json.dumps({"camera": camera, "values": values})


def _mark(chance: Chance, camera: str) -> str:
    return json.dumps({"camera": camera, "false_alarm": chance.choice((True, False))})


def _arm(chance: Chance, camera: str) -> str:
    return json.dumps({"camera": camera, "value": chance.choice((True, False))})


def _snooze(chance: Chance, camera: str) -> str:
    about = chance.choice(({}, {"camera": camera}))
    return json.dumps({**about, "minutes": chance.choice((0, 5))})


#: Of each channel in `schemas.channels.COMMANDS`: how often, and what is sent.
COMMANDS: Mapping[str, tuple[int, Payload]] = {
    "playBeep": (1, _one("PRESS")),
    "restart": (1, _one("PRESS")),
    "setAgentSetting": (1, _one("ON", "OFF", "reset")),
    "setCameraSetting": (40, _one("")),  # which one, and to what: `_command`
    "resetSettings": (3, _one("PRESS")),
    "snoozeAll": (2, _one("0", "5")),
    "snoozeCamera": (2, _one("0", "5")),
    "takeSnapshot": (6, _one("PRESS")),
    "keepEvent": (2, _one("PRESS")),
    "markFalseAlarm": (2, _one("PRESS")),
    "takeOverlay": (4, _one("PRESS")),
    "recordClip": (8, _one('{"seconds": 1}', '{"seconds": 4}', "PRESS")),
    "showLive": (6, _one("ON", "OFF", "3")),
    "requestSnapshot": (2, _request()),
    "requestOverlay": (2, _request()),
    "requestRecord": (4, _request(seconds=2)),
    "requestKeep": (1, _request()),
    "requestMark": (2, _mark),
    "requestPropose": (1, _request()),
    "requestExplain": (2, _request(at="12:00")),
    "requestLive": (2, _request(seconds=2)),
    "requestBeep": (1, _one("{}")),
    "requestSound": (1, _one('{"url": "http://127.0.0.1:9/none.wav"}')),
    "requestSilence": (1, _one("{}")),
    "requestArm": (4, _arm),
    "requestSnooze": (2, _snooze),
    "requestSettings": (5, _patch),
    "requestStatus": (1, _one("{}")),
    "requestDiscovery": (2, _one("{}")),
    "requestSelf_test": (2, _request()),
    "requestEvents": (2, _request(since=0)),
    "requestDigest": (1, _one("{}")),
}

_LEFT = [[0.0, 0.0], [0.4, 0.0], [0.4, 1.0], [0.0, 1.0]]
#: What somebody orders on the page: method, path behind the camera's, body.
PAGE_ORDERS: tuple[tuple[str, str, object], ...] = (
    ("POST", "settings", {"values": {"armed": True}}),
    ("POST", "settings", {"values": {"armed": False}}),
    ("POST", "settings", {"values": {"post_frames": 7, "clear_delay": None}}),
    ("POST", "settings", {"values": {"post_frames": 10**6}}),
    ("POST", "snapshot", {}),
    ("POST", "record", {"seconds": 2.0}),
    ("POST", "snooze", {"minutes": 5}),
    ("POST", "aim", {"zones": {"left": {"polygon": _LEFT}}}),
    ("POST", "aim", {"privacy": [_LEFT]}),
    ("POST", "aim", {"zones": {"left": {"polygon": _LEFT[:2]}}}),
    ("DELETE", "aim", None),
    ("POST", "trials", {"day": "2026-01-01", "sweep": "sensitivity"}),
    ("GET", "aim", None),
    ("GET", "days", None),
    ("GET", "last", None),
)

#: What happens outside: how often, and how.
OUTSIDE: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "remove": (4, ("",)),
    "add": (6, ("",)),
    "rename": (2, ("Front", "Back")),
    "enable": (6, ("true", "false")),
    "source": (3, ("own", "other")),
    "profile": (3, ("plain", "robust")),
    "rebuild": (4, ("2.5", "3.5")),
    "private_file": (2, ("true", "false")),
    "hangup": (2, ("",)),
    "walk": (12, ("true", "false")),
    "cut": (4, ("",)),
    "stall": (3, ("true", "false")),
    "refuse": (3, ("true", "false")),
    "broker": (3, ("true", "false")),
    "store": (5, ("true", "false")),
    "watch": (3, ("true", "false")),
    "born": (2, ("",)),
    "flood": (3, ("ON", "OFF")),
    "second": (4, ("true", "false")),
    "format": (3, ("h264", "original", "camera")),
    "stop": (1, ("kill", "term")),
    "clock_jump": (2, ("-3600", "86400", "0")),
    "order": (10, tuple(json.dumps(order) for order in PAGE_ORDERS)),
}


def plan_of(seed: int, length: int = 40) -> list[Act]:
    """The acts of a seed. Some are about one camera only, so that more of them meet."""
    chance = Chance(seed)
    cameras = chance.choice((CAMERAS, *((name,) for name in CAMERAS)))
    kinds = {**{n: w for n, (w, _) in COMMANDS.items()}, **{n: w for n, (w, _) in OUTSIDE.items()}}
    # a few kinds much oftener than the others: what meets itself is tried, too
    often = chance.sample(sorted(kinds), 4)
    weights = [kinds[n] * (5 if n in often and n not in _RARE else 1) for n in kinds]
    return [
        _act(chance, n, chance.choice(cameras)) for n in chance.choices([*kinds], weights, k=length)
    ]


#: The agent needs seconds to start: oftener, and nothing else would happen.
_RARE = {"restart", "stop"}


def _act(chance: Chance, what: str, camera: str) -> Act:
    gap = chance.choice(GAPS)
    if what in OUTSIDE:
        return Act(gap, what, camera, chance.choice(OUTSIDE[what][1]))
    if what == "setCameraSetting":
        name = chance.choice([*SETTINGS, "privacy", "privacy", "armed"])
        value = chance.choice((*SETTINGS[name], "reset"))
        return Act(gap, what, camera, f"{name} {value}")
    return Act(gap, what, camera, COMMANDS[what][1](chance, camera))


def address(act: Act, topics: AgentTopics) -> tuple[str, str]:
    """Topic and payload of a command."""
    camera = topics.camera(act.camera or CAMERAS[0])
    if act.what.startswith("request"):
        return topics.request(act.what.removeprefix("request").lower()), act.value
    if act.what == "setCameraSetting":
        name, _, value = act.value.partition(" ")
        return camera.setting_set(name), value
    places = {
        "playBeep": topics.beep_play,
        "restart": topics.restart,
        "setAgentSetting": topics.setting_set("beep_enabled"),
        "resetSettings": camera.settings_reset,
        "snoozeAll": topics.snooze_set,
        "snoozeCamera": camera.snooze_set,
        "takeSnapshot": camera.snapshot_take,
        "keepEvent": camera.recording_keep,
        "markFalseAlarm": camera.false_alarm_mark,
        "takeOverlay": camera.overlay_take,
        "recordClip": camera.recording_start,
        "showLive": camera.live_view_set,
    }
    return places[act.what], act.value


def as_text(acts: list[Act]) -> str:
    """For a file, to be run again."""
    return json.dumps([asdict(act) for act in acts], indent=0)


def from_text(text: str) -> list[Act]:
    """What `as_text` wrote."""
    return [Act(**fields) for fields in json.loads(text)]
