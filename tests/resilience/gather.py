"""From what lies about after a run to an `Observation`: journal, store, folders."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av

from agent.storage.verify.store import verify_store
from tests.resilience.observation import Clip, Health, Interval, SentFrame, StoreSeen, Told
from tests.resilience.watch import Watch
from tests.support.agent_process import CAMERA, TOPICS, YARD

#: What may lie in the agent's state folder; everything else there is a stray.
STATE = (
    {"journal.sqlite", "spool", "verdicts", "proposals.json", "anchor-former.json"}
    | {
        f"{name}.json"
        for name in ("anchor", "store", "discovery", "settings", "health", "clock", "identity")
    }
    | {"self_test.json", "self_test_wanted.json", "modes.json"}
)
#: Of a manifest's line: as far as it names its event.
NAMING = len('{"v":1,"id":"01M84CKANN4SDBQ9QYYYME153C"')
#: Seconds until the word of an agent that is gone has come through a broker on a busy machine.
ON_ITS_WAY = 2.0
#: What the laboratory fills a disk with.
FILLER = "filler"
JOURNAL_PARTS = ("-wal", "-shm", "-journal")


def frames_of(journal: Path) -> list[SentFrame]:
    """What the camera's journal says was sent."""
    frames, life = [], 0
    for line in journal.read_text().splitlines():
        note = json.loads(line)
        life += "begun" in note
        if "whole" in note:
            session = (life, note["session"])
            visitor, noisy = note["visitor"], note["noisy"]
            frames.append(SentFrame(note["at"], note["whole"], visitor, session, noisy))
    return frames


def hellos_of(journal: Path) -> list[float]:
    """When somebody began to open a session."""
    notes = map(json.loads, journal.read_text().splitlines())
    return [note["at"] for note in notes if "hello" in note]


def utc_of_zero(monotonic: float) -> datetime:
    """The machine's UTC when CLOCK_MONOTONIC was 0."""
    return datetime.now(UTC) - timedelta(seconds=monotonic)


def told_by(watch: Watch, topic: str, kept: list[dict[str, Any]] | None = None) -> list[Told]:
    """The events of one topic as they came; then those of the kept ones that never came."""
    told = [Told(at, what) for at, what in watch.events(topic)]
    known = {each.what["seq"] for each in told}
    missed = [event for event in kept or [] if event["seq"] not in known]
    return told + [Told(0.0, event, fetched=True) for event in missed]


def disarmed_by(watch: Watch) -> list[Interval]:
    """When the camera was said to be disarmed."""
    said = [(heard.at, heard.payload) for heard in watch.of(YARD.setting_state("armed"))]
    ends = [at for at, _ in said[1:]] + [float("inf")]
    return [Interval(at, end) for (at, on), end in zip(said, ends, strict=True) if on == b"OFF"]


def healths_of(watch: Watch, doubled: list[Interval]) -> list[Health]:
    """The camera's healths as they came, but for the time in which two agents spoke."""
    told = [Health(heard.at, json.loads(heard.payload)) for heard in watch.of(YARD.health)]
    spans = [Interval(span.begun, span.ended + ON_ITS_WAY) for span in doubled]
    return [h for h in told if not any(span.begun <= h.at <= span.ended for span in spans)]


def repairs_of(watch: Watch) -> list[float]:
    """When the agent told that something in the store was damaged, moved or deleted.

    The last error is retained: while there is no connection a later one takes its place. The
    health counts all of one life.
    """
    errors = [(heard.at, json.loads(heard.payload)) for heard in watch.of(TOPICS.error)]
    told = [at for at, error in errors if error["code"] == "store_repaired"]
    counted: dict[str, int] = {}
    for heard in watch.of(TOPICS.health):
        health = json.loads(heard.payload)
        life, count = health["started_at"], health["storage"]["repairs"]
        if count > counted.get(life, 0):
            told.append(heard.at)
        counted[life] = count
    return sorted(told)


def store_seen(store: Path, *taken: Path) -> StoreSeen:
    """What was recorded; its files are read with libraries of others.

    `taken`: folders to which the owner moved a part of it. What lies there is recorded as well.
    """
    seen = StoreSeen()
    places = (store, *taken)
    for place in places:
        _read(place, places, seen)
    report = verify_store(store)
    missing = [name for name in report.missing if not any((t / name).exists() for t in taken)]
    seen.verified = [*missing, *report.damaged, *report.foreign]
    return seen


def _read(place: Path, places: tuple[Path, ...], seen: StoreSeen) -> None:
    """Adds the events and films of one place; a line may stand in several."""
    elsewhere = {line["id"] for line in seen.lines}
    for day in sorted(place.glob(f"{CAMERA}/????-??-??")):
        manifest = day / "events.jsonl"
        lines = manifest.read_text().splitlines() if manifest.exists() else []
        for number, text in enumerate(lines):
            try:
                line = json.loads(text)
            except ValueError:
                # torn by a full disk or a kill, and written again behind it (`append_line`)
                again = any(later.startswith(text[:NAMING]) for later in lines[number + 1 :])
                if not again:
                    seen.unreadable.append(f"{day.name}/events.jsonl:{number + 1}")
                continue
            if "id" in line and line["id"] not in elsewhere:
                seen.lines.append({**line, "date": day.name})
                seen.clips[line["id"]] = _clip([p / CAMERA / day.name for p in places], line)
        shown = sum(map(pictures, sorted(day.glob(f"{day.name}*.mp4"))))
        seen.day_pictures[day.name] = seen.day_pictures.get(day.name, 0) + shown


def _clip(days: list[Path], line: dict[str, Any]) -> Clip:
    """The clip of an event in the first of the places of its day that has it."""
    named = (line.get("files") or {}).get("clip")
    if named is None:
        return Clip("", exists=False)
    path = next((day / named["name"] for day in days if (day / named["name"]).exists()), None)
    if path is None:
        return Clip(named["name"], exists=False)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Clip(named["name"], True, len(content), digest, pictures(path))


def pictures(film: Path) -> int:
    """How many a player finds; 0 where it cannot open the file at all."""
    try:
        with av.open(str(film)) as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (OSError, av.FFmpegError, IndexError):
        return 0


def strays_of(folder: Path) -> list[str]:
    """Files of the agent outside the store and its own state folder; temporary ones included."""
    found = [f"tmp/{path.name}" for path in (folder / "tmp").iterdir() if path.name != FILLER]
    for path in (folder / "state").iterdir():
        name = path.name
        for part in JOURNAL_PARTS:
            name = name.removesuffix(part)
        if name not in STATE:
            found.append(f"state/{path.name}")
    return found


def tally(words: list[str]) -> dict[str, int]:
    """How often each occurs."""
    return dict(Counter(words))
