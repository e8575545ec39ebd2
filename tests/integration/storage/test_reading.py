"""Reading a store for the page: by ids, in pieces, behind a fence that a hanging store stays in."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.core.store_names import MANIFEST, FileKind
from agent.runtime.framing import BadMessage, Message, Unpacker, pack
from agent.storage.day.manifest import line_of, sealed
from agent.storage.reading import link
from agent.storage.reading.child import ReadingChild
from agent.storage.reading.library import MOST_BYTES, MOST_EVENTS, _newest
from agent.storage.reading.link import NoSuchThing, Reader, StoreSilent
from agent.storage.store.identity import Terms
from tests.support.stored_events import DAY, NAMES, events, run
from tests.support.waiting import PATIENCE

WHERE = {"day": DAY.name, "event": NAMES[0]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two events."""
    folder = tmp_path_factory.mktemp("place")
    (folder / "store").mkdir()
    run(folder, *events(0, 1))
    return folder


def reading(store: Path, work: Callable[[Reader], Awaitable[Any]]) -> Any:  # noqa: ANN401
    async def main() -> Any:  # noqa: ANN401
        reader = Reader(lambda: asdict(Terms(str(store), "me")))
        try:
            return await work(reader)
        finally:
            reader.end(PATIENCE)

    return asyncio.run(main())


def test_days_events_and_films_are_told_by_ids_and_never_by_names(place: Path) -> None:
    async def work(reader: Reader) -> None:
        told, _ = await reader.ask("days", "front")
        assert told == {"days": [DAY.name]}
        told, _ = await reader.ask("day", "front", day=DAY.name)
        assert [event["id"] for event in told["events"]] == NAMES[:2]
        assert "clip" in told["events"][0]["files"]
        assert told["left_out"] == 0
        assert told["films"][0]["part"] == 1
        assert "name" not in repr(told)

    reading(place / "store", work)


def test_a_file_comes_in_pieces_and_is_what_lies_in_the_store(place: Path) -> None:
    clip = next((place / DAY / "events").glob(f"*_{NAMES[0]}.mp4")).read_bytes()
    film = next((place / DAY).glob("*.mp4")).read_bytes()

    async def work(reader: Reader) -> None:
        about, body = await reader.ask(
            "event_file", "front", kind=FileKind.CLIP.value, at=0, size=1 << 30, **WHERE
        )
        assert about["size"] == len(clip)
        assert body == clip[:MOST_BYTES]
        _, body = await reader.ask("film", "front", day=DAY.name, part=1, at=100, size=50)
        assert body == film[100:150]
        _, body = await reader.ask("film", "front", day=DAY.name, part=1, at=1 << 40, size=50)
        assert body == b""

    reading(place / "store", work)


@pytest.mark.parametrize(
    ("do", "camera", "more"),
    [
        ("day", "front", {"day": "2026-11-23"}),
        ("day", "front", {"day": "../../etc"}),
        ("day", "..", {"day": DAY.name}),
        ("day", "other", {"day": DAY.name}),
        ("event_file", "front", {**WHERE, "kind": "../x", "at": 0, "size": 9}),
        ("event_file", "front", {**WHERE, "event": "../x", "kind": "clip", "at": 0, "size": 9}),
        ("film", "front", {"day": DAY.name, "part": 77, "at": 0, "size": 9}),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_to_be_so(
    place: Path, do: str, camera: str, more: dict[str, Any]
) -> None:
    async def work(reader: Reader) -> None:
        with pytest.raises(NoSuchThing):
            await reader.ask(do, camera, **more)

    reading(place / "store", work)


def test_a_link_in_the_store_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    run(tmp_path, *events(0))
    secret = tmp_path / "secret"
    secret.write_text("somebody else's")
    clip = next((tmp_path / DAY / "events").glob(f"*_{NAMES[0]}.mp4"))
    clip.unlink()
    clip.symlink_to(secret)

    async def work(reader: Reader) -> None:
        with pytest.raises((NoSuchThing, StoreSilent)):
            await reader.ask("event_file", "front", kind="clip", at=0, size=99, **WHERE)

    reading(tmp_path / "store", work)


def test_a_store_that_is_not_there_is_named_and_found_when_it_is(tmp_path: Path) -> None:
    async def work(reader: Reader) -> None:
        with pytest.raises(StoreSilent, match="store"):
            await reader.ask("days", "front")
        (tmp_path / "store").mkdir()
        await asyncio.to_thread(run, tmp_path, *events(0))
        told, _ = await reader.ask("days", "front")
        assert told["days"] == [DAY.name]

    reading(tmp_path / "store", work)


def test_a_child_that_hangs_costs_its_deadline_and_too_many_start_no_more(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ANSWER_WITHIN", 1.0)
    hung: list[int] = []

    async def work(reader: Reader) -> None:
        for _ in range(link.MOST_HUNG):
            await reader.ask("days", "front")
            child = reader._child
            assert child is not None
            os.kill(child.process.pid, signal.SIGSTOP)
            hung.append(child.process.pid)
            # as a call into a dead server: not even SIGKILL ends it
            monkeypatch.setattr(child.process, "kill", lambda: None)
            with pytest.raises(StoreSilent, match="no answer within"):
                await reader.ask("days", "front")
        with pytest.raises(StoreSilent, match="still hang"):
            await reader.ask("days", "front")
        for pid in hung:
            os.kill(pid, signal.SIGKILL)
        for process in reader._hung:
            await asyncio.to_thread(process.wait)
        assert (await reader.ask("days", "front"))[0]["days"] == [DAY.name]

    reading(place / "store", work)


def test_who_leaves_in_the_middle_costs_nobody_the_child(place: Path) -> None:
    async def work(reader: Reader) -> None:
        await reader.ask("days", "front")
        before = reader._child
        asked = asyncio.create_task(reader.ask("film", "front", day=DAY.name, part=1, at=0, size=9))
        await asyncio.sleep(0)
        asked.cancel()
        assert (await reader.ask("days", "front"))[0]["days"] == [DAY.name]
        assert reader._child is before

    reading(place / "store", work)


def put_into(store: Path, **changed: object) -> None:
    """Lines of a first event that somebody has put into the day's manifest, one for each value."""
    manifest = store / "front" / DAY.name / MANIFEST
    lines = manifest.read_bytes().splitlines(keepends=True)
    line = next(found for found in map(json.loads, lines) if found.get("id") == NAMES[0])
    line.pop("crc")
    hostile = sealed({**line, **changed}).rstrip(b"\n") + b"\n"
    assert line_of(hostile[:-1]).sound
    manifest.write_bytes(b"".join(lines) + hostile)


def test_a_moment_has_the_events_that_ran_then(tmp_path: Path) -> None:
    begin = datetime(2026, 11, 22, 9, tzinfo=UTC)
    day_of_events(tmp_path, begin, 3)

    async def work(reader: Reader) -> None:
        for number in range(3):
            at = (begin + timedelta(seconds=10 * number)).timestamp()
            for moment, ran in ((at, 1), (at + 2, 1), (at + 5, 0)):
                told, _ = await reader.ask("moment", "front", day=DAY.name, at=moment)
                assert [event["id"] for event in told["events"]] == [event_id(number)] * ran

    reading(tmp_path / "store", work)


def test_events_that_an_answer_cannot_hold_are_counted_and_found_by_their_moment(
    tmp_path: Path,
) -> None:
    begin = datetime(2026, 11, 22, 9, tzinfo=UTC)
    day_of_events(tmp_path, begin, MOST_EVENTS + 7)

    async def work(reader: Reader) -> None:
        told, _ = await reader.ask("day", "front", day=DAY.name)
        assert told["left_out"] == MOST_EVENTS + 7 - len(told["events"])
        assert told["left_out"] >= 7
        assert event_id(0) not in {event["id"] for event in told["events"]}
        there, _ = await reader.ask("moment", "front", day=DAY.name, at=begin.timestamp())
        assert [event["id"] for event in there["events"]] == [event_id(0)]

    reading(tmp_path / "store", work)


def event_id(number: int) -> str:
    """The id of an event, in order."""
    return f"{NAMES[0][:-5]}{number:05d}"


def day_of_events(folder: Path, begin: datetime, count: int) -> None:
    """A store with so many events: one each ten seconds, of three seconds."""
    (folder / "store").mkdir()
    run(folder, *events(0))
    manifest = folder / "store/front" / DAY.name / MANIFEST
    first = json.loads(manifest.read_text().splitlines()[0])
    first.pop("crc")
    lines = []
    for number in range(count):
        at = (begin + timedelta(seconds=10 * number)).isoformat()
        own = {"id": event_id(number), "started": at, "duration_s": 3.0}
        lines.append(sealed({**first, **own}).rstrip(b"\n") + b"\n")
    manifest.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "changed",
    [
        {"day": [{"file": f"{DAY.name}.mp4", "position_ms": 10**400}]},
        {"duration_s": 10**400},
        {"explanation": {"peak": {"reason": "motion", "score": 10**400}}},
        {"explanation": {"peak": {"reason": "motion", "zone": "x" * 5000}}},
        {"explanation": {"peak": {"reason": "motion", "box": [[[[]]]] * 4}}},
        {"explanation": {"peak": "x" * 100_000, "more": ["x"] * 9000}},
        {"label": "x" * 5000},
        {"files": {"clip": {"name": [[]]}}},
    ],
)
def test_a_line_that_somebody_has_put_there_is_told_bounded_and_hides_no_other(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    (tmp_path / "store").mkdir()
    run(tmp_path, *events(0, 1))
    put_into(tmp_path / "store", **changed)

    async def work(reader: Reader) -> None:
        told, _ = await reader.ask("day", "front", day=DAY.name)
        found = {event["id"]: event for event in told["events"]}
        assert set(found) == set(NAMES[:2])
        assert len(json.dumps(told)) < 5000
        assert json.loads(json.dumps(told), parse_int=float) == told
        await reader.ask("moment", "front", day=DAY.name, at=1e9)  # nor is a moment hidden

    reading(tmp_path / "store", work)


def test_the_newest_events_are_told_as_far_as_an_answer_holds_them() -> None:
    told = _newest({"id": str(number), "label": "x" * 200} for number in range(MOST_EVENTS * 3))
    assert [event["id"] for event in told] == [str(n) for n in reversed(range(MOST_EVENTS))]
    large = _newest({"id": number, "files": ["x" * 4000]} for number in range(MOST_EVENTS))
    assert 0 < len(large) < MOST_EVENTS
    assert large[-1]["id"] == 0
    assert len(pack(Message({"events": large}))) < link.MOST_ANSWER - MOST_BYTES


def test_an_answer_that_is_too_large_is_not_taken_apart() -> None:
    unpacker = Unpacker(link.MOST_ANSWER)
    unpacker.feed(pack(Message({"events": "x" * link.MOST_ANSWER}))[:100])
    with pytest.raises(BadMessage):
        unpacker.next()


def test_what_the_child_did_not_expect_is_an_answer_and_not_its_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        answer = ReadingChild(theirs)._answer({"do": "day", "camera": "front"})  # without terms
    assert "makes no sense" in answer.says["failed"]


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_child_that_cannot_be_started_is_told_and_costs_no_descriptor(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(reader: Reader) -> None:
        before = descriptors()
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", str(place / "nothing"))
            for _ in range(3):
                with pytest.raises(StoreSilent, match="cannot begin"):
                    await reader.ask("days", "front")
        assert descriptors() == before
        assert (await reader.ask("days", "front"))[0]["days"] == [DAY.name]

    reading(place / "store", work)
