"""What the agent remembers of its store outside of it: how far each day's manifest reaches. Pure.

    day    lines of `events.jsonl` and `notes.jsonl`, the SHA-256 of the last one of each
    anchor the days of one camera, what was found otherwise than it was left, and a signature

An anchor shows whether lines, files or days were taken out of the store, changed or added since.
It travels as JSON: to the child process, into the state folder, over MQTT.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from agent.core.store_names import MARKS

T = TypeVar("T")

#: Days of a camera that are remembered: ten years and more; the oldest go.
MOST_DAYS = 4000
#: Breaks of a camera that are remembered; the oldest go.
MOST_BREAKS = 32
#: Days and breaks in a published anchor, at most.
SHOWN_DAYS = 10
SHOWN_BREAKS = 4
_MOST_LINES = 1 << 40
_TEXT = 400
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


class Going(StrEnum):
    """What retention was allowed to do with a day; each word includes the one before."""

    WHOLE = "whole"  # nothing may be missing
    PURGED = "purged"  # files of events that are not kept may be missing
    LEAVING = "leaving"  # the manifest, too: the day may be gone


_STEPS = tuple(Going)


@dataclass(frozen=True, slots=True)
class Head:
    """How far a manifest reaches: the number of sound lines, and the SHA-256 of the last one."""

    count: int = 0
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class DayAnchor:
    """How far a day's two manifests reach.

    Attributes:
        newest: the event of the last line of `events.jsonl`, for people.
    """

    day: str
    events: Head = Head()
    notes: Head = Head()
    newest: str | None = None
    going: Going = Going.WHOLE

    def allows(self, going: Going) -> bool:
        """True when retention may go so far."""
        return _STEPS.index(self.going) >= _STEPS.index(going)

    def wire(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "day": self.day,
            "events": self.events.count,
            "events_head": self.events.digest,
            "notes": self.notes.count,
            "notes_head": self.notes.digest,
            "newest": self.newest,
            "going": self.going.value,
        }


@dataclass(frozen=True, slots=True)
class Break:
    """The agent found a day otherwise than it had left it: when, and in words."""

    ts: str
    day: str
    what: str


@dataclass(frozen=True, slots=True)
class Older:
    """Days before those that are listed: how many, and a digest of their events' heads."""

    days: int
    digest: str


@dataclass(frozen=True, slots=True)
class CameraAnchor:
    """How far all days of a camera reach.

    Attributes:
        store: uuid of the store.
        ts: when it was said, ISO 8601 in UTC.
        since: from when on each day is anchored; None: not yet.
        settled: nothing was written after it: the agent had ended, or says each line.
        days: in order; `older` stands for those before them that are left out.
        broken: how many breaks there were; `breaks` are the newest.
        writing: the event whose line may be there already; None: nothing was under way.
        mac: signature, see `signed`.
    """

    store: str
    agent: str
    camera: str
    ts: str
    since: str | None = None
    settled: bool = False
    days: tuple[DayAnchor, ...] = ()
    older: Older | None = None
    breaks: tuple[Break, ...] = ()
    broken: int = 0
    writing: str | None = None
    mac: str | None = None

    def wire(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "v": 1,
            "store": self.store,
            "agent": self.agent,
            "camera": self.camera,
            "ts": self.ts,
            "since": self.since,
            "settled": self.settled,
            "days": [day.wire() for day in self.days],
            "older": asdict(self.older) if self.older else None,
            "breaks": [asdict(each) for each in self.breaks],
            "broken": self.broken,
            "writing": self.writing,
            "mac": self.mac,
        }

    def shown(self) -> CameraAnchor:
        """The same, small enough to be published: the newest days, one digest of the others."""
        old, new = self.days[:-SHOWN_DAYS], self.days[-SHOWN_DAYS:]
        older = older_of((day.day, day.events) for day in old if day.going is not Going.LEAVING)
        return replace(self, days=new, older=older, breaks=self.breaks[-SHOWN_BREAKS:], mac=None)

    def signed(self, key: bytes | None) -> CameraAnchor:
        """The same with a signature (HMAC-SHA256); without a key as it is."""
        return replace(self, mac=self._mac(key) if key else None)

    def is_signed_with(self, key: bytes) -> bool:
        """True when its signature was made with this key."""
        return self.mac is not None and hmac.compare_digest(self.mac, self._mac(key))

    def _mac(self, key: bytes) -> str:
        said = json.dumps({**self.wire(), "mac": None}, separators=(",", ":"), sort_keys=True)
        return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def older_of(days: Iterable[tuple[str, Head]]) -> Older | None:
    """One digest of many days' events, in order; None for no day."""
    lines = [f"{day} {head.count} {head.digest}\n" for day, head in days if head.count]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return Older(len(lines), digest) if lines else None


def short(text: str) -> str:
    """A text as an anchor may hold it: others may have written it into the store."""
    return "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:_TEXT]
    )


def explained(entry: dict[str, Any], writing: str | None, going: Going, *, only: bool) -> bool:
    """True for a line behind the anchor that the agent has written or was about to write.

    Args:
        entry: what the line says.
        writing: the event that was about to be written; None: nothing was.
        going: what retention was allowed to do.
        only: no other line stands behind the anchor but the note of a purge.
    """
    if "purged" in entry:
        return going is not Going.WHOLE
    if writing is None or not only:
        return False
    if marks := MARKS & entry.keys():
        return all(writing in {"", str(entry[mark])} for mark in marks)
    return "picture" in entry or writing == str(entry.get("id"))


def day_from(said: object) -> DayAnchor:
    """A day as JSON said it.

    Raises:
        ValueError: it is none.
    """
    said = _object(said)
    return DayAnchor(
        _day(said.get("day")),
        _head(said.get("events"), said.get("events_head")),
        _head(said.get("notes"), said.get("notes_head")),
        _perhaps(said.get("newest"), _text),
        Going(_text(said.get("going"))),
    )


def anchor_from(said: object) -> CameraAnchor:
    """An anchor as JSON said it; anybody may have written it.

    Raises:
        ValueError: it is none.
    """
    said = _object(said)
    if said.get("v") != 1 or isinstance(said.get("v"), bool):
        raise ValueError("no anchor of version 1")
    days = tuple(day_from(day) for day in _list(said.get("days"), MOST_DAYS))
    if [day.day for day in days] != sorted({day.day for day in days}):
        raise ValueError("its days are in no order")
    older = _perhaps(said.get("older"), _older)
    if older is not None and not days:
        raise ValueError("days before none")
    return CameraAnchor(
        store=_text(said.get("store")),
        agent=_text(said.get("agent")),
        camera=_text(said.get("camera")),
        ts=_time(said.get("ts")),
        since=_perhaps(said.get("since"), _time),
        settled=said.get("settled") is True,
        days=days,
        older=older,
        breaks=tuple(_break(each) for each in _list(said.get("breaks"), MOST_BREAKS)),
        broken=_count(said.get("broken")),
        writing=_perhaps(said.get("writing"), _text),
        mac=_perhaps(said.get("mac"), _digest),
    )


def readable_from(said: object) -> CameraAnchor:
    """Likewise an anchor of our own, without the breaks that are none: they are still counted.

    Raises:
        ValueError: the rest is none.
    """
    said = _object(said)
    return anchor_from(
        {**said, "breaks": [*filter(_is_break, _list(said.get("breaks"), MOST_BREAKS))]}
    )


def _is_break(said: object) -> bool:
    try:
        _break(said)
    except ValueError:
        return False
    return True


def _head(count: object, digest: object) -> Head:
    head = Head(_count(count), _perhaps(digest, _digest))
    if (head.count == 0) is not (head.digest is None):
        raise ValueError("a head without its count")
    return head


def _older(said: object) -> Older:
    said = _object(said)
    return Older(_count(said.get("days")), _digest(said.get("digest")))


def _break(said: object) -> Break:
    said = _object(said)
    return Break(_time(said.get("ts")), _day(said.get("day")), _text(said.get("what")))


def _perhaps(said: object, read: Callable[[object], T]) -> T | None:
    return None if said is None else read(said)


def _object(said: object) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004  bad input, of whatever kind
    return said


def _list(said: object, most: int) -> list[object]:
    if not isinstance(said, list) or len(said) > most:
        raise ValueError(f"no list of {most} at most")
    return said


def _text(said: object) -> str:
    if not isinstance(said, str) or len(said) > _TEXT or not said.isprintable():
        raise ValueError("no short text")
    return said


def _digest(said: object) -> str:
    if not isinstance(said, str) or not _DIGEST.match(said):
        raise ValueError("no SHA-256")
    return said


def _count(said: object) -> int:
    if type(said) is not int or not 0 <= said <= _MOST_LINES:
        raise ValueError("no count")
    return said


def _day(said: object) -> str:
    return date.fromisoformat(_text(said)).isoformat()


def _time(said: object) -> str:
    if datetime.fromisoformat(_text(said)).utcoffset() is None:
        raise ValueError("a time without its offset")
    return _text(said)
