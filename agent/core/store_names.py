"""Names of everything in the image store, and the way back from a name to its meaning.

The layout is a contract with users (docs: image store). Local dates: a name belongs to the day and
the second at which its event started where the camera hangs. Nothing here touches a file.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum

IDENTITY = ".surveillance-store"
CLAIMS = ".surveillance-cameras"
MANIFEST = "events.jsonl"
NOTES = "notes.jsonl"
#: What an event can be marked as; the words are those of the notes.
MARKS = frozenset({"keep", "false_alarm", "wrong_label"})
EVENTS = "events"
MONITORING = "monitoring"
SESSIONS = "sessions"
HEATMAP = "heatmap.png"

#: No configured camera is called like this.
_SELF_TEST, _DIGITS = "self_test_", 12
_CAMERA = re.compile(r"(?=.{1,32}\Z)[a-z0-9]+(?:_[a-z0-9]+)*\Z", re.ASCII)
#: ULIDs have 26 characters; the limit only keeps a name within what file systems allow (255 bytes).
_EVENT = re.compile(r"[0-9A-Za-z]{1,64}\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
#: Characters of a day's file that may have been made: more parts than that nobody records.
_LONGEST = 32
_HIDDEN = re.compile(r"\.(?P<name>.+)\.part\Z", re.ASCII)
_DAY_FILE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:-(?P<part>\d+))?\.(?:mp4|mkv)(?P<aside>\.damaged-\d+)?\Z",
    re.ASCII,
)
_EVENT_FILE = re.compile(
    r"\d{6}_(?P<event>[0-9A-Za-z]{1,64})(?:_n-2|_n-1|_n|_delta)?(?:_\d+)?\.(?:mp4|mkv|jpg|png)\Z",
    re.ASCII,
)
_ASIDE = re.compile(r"(?:events|notes)\.jsonl\.damaged-\d+\Z", re.ASCII)
_HEATMAP_FILE = re.compile(r"heatmap(?:_\d+)?\.png\Z", re.ASCII)
_MONITORING_FILE = re.compile(r"\d{6}(?:_\d+)?\.jpg\Z", re.ASCII)
_SESSION_FILE = re.compile(r"\d{6}(?:_\d+)?\.jsonl\Z", re.ASCII)


class FileKind(StrEnum):
    """The files of an event; the words are those of the manifest."""

    CLIP = "clip"
    BEST = "best"
    BEFORE_LAST = "n-2"
    LAST = "n-1"
    TRIGGER = "n"
    DELTA = "delta"


_ENDINGS = {
    FileKind.CLIP: ".mp4",
    FileKind.BEST: ".jpg",
    FileKind.BEFORE_LAST: "_n-2.jpg",
    FileKind.LAST: "_n-1.jpg",
    FileKind.TRIGGER: "_n.jpg",
    FileKind.DELTA: "_delta.png",
}


def is_camera(name: str) -> bool:
    """True for a camera id, which is the name of a camera's folder."""
    return _CAMERA.match(name) is not None


def self_test_camera(identity: str) -> str:
    """The self test's own camera, of the agent with that uuid: a store may have several agents."""
    return f"{_SELF_TEST}{identity.replace('-', '')[:_DIGITS]}"


def is_self_test(camera: str) -> bool:
    """True for the camera of a self test: it counts nowhere, and nothing of it stays."""
    return camera.startswith(_SELF_TEST)


def is_event(name: str) -> bool:
    """True for an event id that may become a part of a file name."""
    return _EVENT.match(name) is not None


def day_name(local: datetime) -> str:
    """The day's folder of a local time: `2026-11-22`."""
    return local.strftime("%Y-%m-%d")


def day_of(name: str) -> date | None:
    """The date that a day's folder stands for, or None when the name is not ours."""
    if not _DAY.match(name):
        return None
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def day_file(day: str, part: int = 1, *, original: bool = False) -> str:
    """The day's file: `2026-11-22.mp4`, then `2026-11-22-2.mp4`; `.mkv` with original pictures."""
    ending = ".mkv" if original else ".mp4"
    return f"{day}{ending}" if part == 1 else f"{day}-{part}{ending}"


def part_of(name: str, day: str) -> int | None:
    """The part number of a day's file of that day, or None when it is something else."""
    match = _DAY_FILE.match(name)
    if match is None or match["day"] != day or match["aside"] or len(name) > _LONGEST:
        return None
    return int(match["part"] or 1)


def is_of_another_day(name: str, day: str) -> bool:
    """True for a day's file of another day: the folder it lies in is a copy that somebody named."""
    match = _DAY_FILE.match(name)
    return match is not None and match["day"] != day


def event_file(local: datetime, event: str, kind: FileKind, *, original: bool = False) -> str:
    """The name of an event's file in the `events` folder, from its local start."""
    ending = ".mkv" if original and kind is FileKind.CLIP else _ENDINGS[kind]
    return f"{local.strftime('%H%M%S')}_{event}{ending}"


def event_of(name: str) -> str | None:
    """The event that a file of the `events` folder belongs to, or None when it is none of ours."""
    match = _EVENT_FILE.match(name)
    return match["event"] if match else None


def is_aside(name: str) -> bool:
    """True for what was put aside of a damaged day's file, or in place of a manifest."""
    match = _DAY_FILE.match(name)
    return _ASIDE.match(name) is not None or (match is not None and match["aside"] is not None)


def is_hidden_part(name: str) -> bool:
    """True for a file that is not whole yet, or never became it."""
    return _HIDDEN.match(name) is not None


def monitoring_file(local: datetime) -> str:
    """The name of a monitoring picture in the `monitoring` folder."""
    return f"{local.strftime('%H%M%S')}.jpg"


def session_file(local: datetime) -> str:
    """The name of a failed session's packets in the `sessions` folder."""
    return f"{local.strftime('%H%M%S')}.jsonl"


def variant(name: str, number: int) -> str:
    """The name to take when `name` exists: `081501.jpg` becomes `081501_2.jpg`."""
    if number == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem}_{number}{dot}{ending}"


def part_name(name: str) -> str:
    """The hidden name under which a file is written until it is whole."""
    return f".{name}.part"


def is_ours(day: str, *path: str) -> bool:
    """True for a file that only this agent can have named, given its path inside a day's folder."""
    *folders, name = path
    hidden = _HIDDEN.match(name)
    if hidden is not None:
        name = hidden["name"]
    if not folders:
        match = _DAY_FILE.match(name)
        if name in {MANIFEST, NOTES} or _ASIDE.match(name) or _HEATMAP_FILE.match(name):
            return True
        return match is not None and match["day"] == day
    if folders == [EVENTS]:
        return _EVENT_FILE.match(name) is not None
    if folders == [SESSIONS]:
        return _SESSION_FILE.match(name) is not None
    return folders == [MONITORING] and _MONITORING_FILE.match(name) is not None
