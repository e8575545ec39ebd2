"""A purge asks the anchor first: it deletes what it would without, in few rounds, and it ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.core.store_names import MANIFEST, NOTES
from agent.runtime.child_link import ChildLink
from agent.storage.day.anchored import Anchored
from agent.storage.store.identity import adopt_store
from agent.storage.store.purge import FRUITLESS, NO_ROOM, Purge, Rules
from agent.storage.store.purge_report import FIRST, Purged
from agent.storage.store.shortage import Batch
from tests.support.clock import FakeClock
from tests.support.recordings import name_of, whole_event
from tests.support.store_rig import NOW, StoreRig

MIB = 1 << 20
CAMERAS = ("front", "garden", "yard")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the child is asked for, in order."""
    words: list[str] = []
    send = ChildLink.send

    def noted(link: ChildLink, says: dict[str, Any], body: bytes = b"") -> None:
        words.append(says["do"])
        send(link, says, body)

    monkeypatch.setattr(ChildLink, "send", noted)
    return words


def folder(place: Path, age: int, camera: str = "front") -> Path:
    return place / "store" / camera / f"{(NOW - timedelta(days=age)).astimezone():%Y-%m-%d}"


def fill(place: Path, days: int, clips: int, size: int) -> None:
    """Days that a camera has recorded: a day's file and clips, holes without blocks."""
    for camera in CAMERAS:
        for age in range(days):
            day = folder(place, age, camera)
            (day / "events").mkdir(parents=True)
            names = [f"{day.name}.mp4", *(f"events/08150{n}_E{n}.mp4" for n in range(clips))]
            for name in names:
                (day / name).touch()
                os.truncate(day / name, size)


def size_of(store: Path) -> int:
    return sum(path.stat().st_size for path in store.rglob("*") if path.is_file())


def free_in(store: Path, free: Callable[[int], int]) -> int:
    return free(size_of(store))


def rounds(place: Path, free: Callable[[], int], said: Any, **rules: Any) -> Iterator[Purged]:  # noqa: ANN401
    """A purge's rounds; what each wants is allowed. `said` None: without an anchor."""
    store = os.open(place / "store", os.O_RDONLY)
    anchored = Anchored(store, "uuid", said)
    so_far = FIRST
    try:
        while True:
            run = Purge(
                store, (), free, FakeClock(), lambda: None, lambda _: None, anchored=anchored
            )
            today = NOW.astimezone().date()
            done = run.run(Rules(today, **{"days": 99, **rules}, clock_trusted=True, so_far=so_far))
            yield done
            if not done.wanted:
                return
            for camera, day, going in done.wanted:
                anchored.allow(camera, day, going)
            so_far = done.so_far
    finally:
        os.close(store)


EMPTY = {"store": "uuid", "days": [], "known": [], "writing": {}}
#: Free bytes of a store with so much in it, and what is wanted.
CASES: dict[str, tuple[Callable[[int], int], int, dict[str, Any]]] = {
    "age": (lambda _: 0, 3, {"days": 2}),
    "room for a whole archive": (lambda stored: 500 * MIB - stored, 3, {"keep_free": 450 * MIB}),
    "room for a file": (lambda stored: 500 * MIB - stored, 3, {"keep_free": 320 * MIB}),
    "max_size": (lambda _: 0, 3, {"max_size": 60 * MIB}),
    "a batch": (lambda _: 0, 3, {"batch": Batch(32, 1 << 40)}),
    "a batch of bytes": (lambda _: 0, 0, {"batch": Batch(32, 30 * MIB)}),
    "snapshots of days": (lambda _: 0, 0, {"keep_free": MIB}),
    "snapshots of clips": (lambda _: 0, 3, {"keep_free": MIB}),
    "all at once": (
        lambda stored: 500 * MIB - stored,
        3,
        {"days": 6, "keep_free": 320 * MIB, "batch": Batch(20, 1 << 40), "max_size": 170 * MIB},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_anchor_changes_nothing_of_what_is_deleted(place: Path, case: str) -> None:
    free, clips, rules = CASES[case]
    removed = []
    for name, said in (("without", None), ("with", EMPTY)):
        where = place / name
        fill(where, 8, clips, 2 * MIB)
        store = where / "store"
        all_rounds = list(rounds(where, partial(free_in, store, free), said, **rules))
        removed.append([each for done in all_rounds for each in done.removed])
        most = 3 if case.startswith("snapshots") else 2
        assert len(all_rounds) <= (1 if said is None else most)
    assert removed[0]
    assert removed[0] == removed[1]
    if case.startswith("snapshots"):
        assert len(removed[1]) == FRUITLESS


def test_a_batch_and_fruitless_deletions_are_counted_on_in_the_next_round(place: Path) -> None:
    fill(place, 8, 0, 2 * MIB)
    oldest = [["front", {**_day(folder(place, 7).name), "going": "purged"}]]
    said = {**EMPTY, "days": oldest}
    kinds: list[dict[str, Any]] = [{"batch": Batch(5, 1 << 40)}, {"keep_free": MIB}]
    counts = [
        [len(done.removed) for done in rounds(place, lambda: 0, said, **rules)] for rules in kinds
    ]
    assert counts[0] == [1, 4]
    fill_again = folder(place, 7)
    fill_again.mkdir()
    (fill_again / f"{fill_again.name}.mp4").write_bytes(bytes(2 * MIB))
    assert [len(done.removed) for done in rounds(place, lambda: 0, said, keep_free=MIB)] == [1, 1]


def _day(name: str) -> dict[str, Any]:
    return {
        "day": name,
        "events": 0,
        "events_head": None,
        "notes": 0,
        "notes_head": None,
        "newest": None,
    }


def test_deletions_that_free_too_little_need_few_rounds(place: Path) -> None:
    """Small files say nothing about snapshots: all may go, and not a day in each round."""
    fill(place, 100, 0, 4096)
    all_rounds = list(rounds(place, lambda: 0, EMPTY, days=200, keep_free=1))
    assert sum(len(done.removed) for done in all_rounds) == 99 * len(CAMERAS)
    assert len(all_rounds) <= 12
    assert {reason for done in all_rounds for _, _, reason in done.removed} == {
        "less than keep_free is free"
    }


# ------------------------------------------------------------------ with the real child


@pytest.mark.parametrize(
    "content", [b"", bytes(100), b'{"v": 1, "id'], ids=["empty", "nul", "torn"]
)
@pytest.mark.parametrize("name", [MANIFEST, NOTES])
@pytest.mark.parametrize("others", [None, "README"])
def test_a_manifest_without_a_sound_line_is_deleted_once(
    place: Path, content: bytes, name: str, others: str | None, asked: list[str]
) -> None:
    with StoreRig(place) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        rig.wait_until_empty()
    old = folder(place, 9)
    old.mkdir(parents=True)
    (old / name).write_bytes(content)
    if others:
        (old / others).write_text("not ours")
    asked.clear()
    for number in (1, 2):
        with StoreRig(place, retention_days=1) as rig:
            rig.put(*whole_event(name_of(number * 20), number * 20, started=NOW))
            rig.wait_until_empty()
        assert not (old / name).exists()
        assert old.exists() is bool(others)
        assert not [each for each in rig.repaired if not each.lossless]
    assert asked.count("purge") <= 4


def test_a_lower_max_size_costs_two_rounds(place: Path, asked: list[str]) -> None:
    adopt_store(place / "store")
    fill(place, 10, 2, MIB)
    with StoreRig(place, cameras=CAMERAS, retention_days=99, max_size=20 * MIB) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        rig.wait_until_empty()
    assert size_of(place / "store") <= 20 * MIB
    assert asked.count("purge") == 2


def test_a_record_goes_between_two_rounds(place: Path, asked: list[str]) -> None:
    adopt_store(place / "store")
    fill(place, 10, 2, MIB)
    with StoreRig(place, cameras=CAMERAS, retention_days=2) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        rig.wait_until_empty()
    assert asked[:4] == ["open", "purge", "record", "purge"]


def test_a_child_that_wants_the_same_again_is_not_asked_for_ever(
    place: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever may be the cause: here the permission does not reach it."""
    adopt_store(place / "store")
    fill(place, 4, 0, MIB)
    send = ChildLink.send

    def deaf(link: ChildLink, says: dict[str, Any], body: bytes = b"") -> None:
        send(link, {**says, "allow": []}, body)

    monkeypatch.setattr(ChildLink, "send", deaf)
    with StoreRig(place, cameras=CAMERAS, retention_days=2) as rig:
        rig.put(*whole_event(name_of(0), 0, started=NOW))
        rig.wait_until_empty()
    assert asked.count("purge") == 2
    assert "does not go: front/" in caplog.text
    assert NO_ROOM not in caplog.text
