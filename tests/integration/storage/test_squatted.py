"""Names of ours in the store that are pipes, links, folders, or second names of others' files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from agent.core.messages import StoreCode
from agent.core.orders import MarkEvent
from agent.core.store_names import EVENTS, MANIFEST, NOTES, part_name
from agent.storage.verify.store import verify_store
from tests.support.recordings import name_of, played, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.waiting import wait_until

SECRET = b'{"a secret":"of somebody else"}\n' * 10


def day_name(age: int) -> str:
    return f"{(NOW - timedelta(days=age)).astimezone():%Y-%m-%d}"


def clip_name(number: int) -> str:
    return f"{NOW.astimezone():%H%M%S}_{name_of(20 * number)}.mp4"


def record(place: Path, *numbers: int, ages: tuple[int, ...] = (0,), days: int = 99) -> StoreRig:
    """One life of the agent, with a purge: these events are recorded, each on each of the days."""
    with StoreRig(place, retention_days=days) as rig:
        for age in ages:
            started = (NOW - timedelta(days=age)).astimezone()
            for number in numbers:
                event = name_of(20 * number + 1000 * age)
                rig.put(*whole_event(event, 20 * number, started=started))
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
        assert StoreCode.FAILING not in {state.code for state in rig.states}
    return rig


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to(path.parents[3] / "secret")


def folder(path: Path) -> None:
    path.mkdir()
    (path / "mine").write_bytes(b"x")


KINDS = pytest.mark.parametrize("make", [pipe, link, folder], ids=lambda make: make.__name__)


@KINDS
@pytest.mark.parametrize("name", [MANIFEST, NOTES])
def test_an_expired_day_with_something_else_is_stepped_over_and_named(
    place: Path, name: str, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    (place / "secret").write_bytes(SECRET)
    record(place, 0, ages=(0, 8, 9))
    day = place / "store/front" / day_name(9)
    (day / name).unlink(missing_ok=True)
    make(day / name)
    rig = record(place, 1, days=4)
    assert len(rig.saved) == 1
    assert sorted(path.name for path in (place / "store/front").iterdir()) == [
        day_name(9),
        day_name(0),
    ]
    assert len(list(day.rglob("*.mp4"))) == 2  # what is to be kept there, nobody can tell
    assert f"front/{day_name(9)}/{name}" in caplog.text
    assert (place / "secret").read_bytes() == SECRET


@KINDS
@pytest.mark.parametrize("name", [MANIFEST, NOTES, f"{day_name(0)}.mp4"])
def test_in_todays_folder_something_else_is_put_aside_and_named(
    place: Path, name: str, make: Callable[[Path], None]
) -> None:
    (place / "secret").write_bytes(SECRET)
    record(place)
    day = place / "store/front" / day_name(0)
    day.mkdir(parents=True)
    make(day / name)
    rig = record(place, 0)
    assert len(played(rig.store / rig.saved[0].path)) == 20
    assert len(played(rig.store / rig.saved[0].day_file)) == 20
    assert [repaired.file for repaired in rig.repaired] == [f"front/{day.name}/{name}"]
    assert (place / "secret").read_bytes() == SECRET
    assert os.path.lexists(day / f"{name}.damaged-1")
    assert not verify_store(place / "store").damaged


@KINDS
def test_a_clips_name_that_is_taken_costs_only_the_name(
    place: Path, make: Callable[[Path], None]
) -> None:
    events = place / "store/front" / day_name(0) / EVENTS
    record(place)
    events.mkdir(parents=True)
    make(events / clip_name(0))
    rig = record(place, 0)
    assert rig.saved[0].path.endswith(f"{name_of(0)}_2.mp4")
    assert len(played(rig.store / rig.saved[0].path)) == 20


@pytest.mark.parametrize("squat", [pipe, link])
def test_a_hidden_name_that_is_taken_is_made_free(
    place: Path, squat: Callable[[Path], None]
) -> None:
    (place / "secret").write_bytes(SECRET)
    events = place / "store/front" / day_name(0) / EVENTS
    record(place)
    events.mkdir(parents=True)
    squat(events / part_name(clip_name(0)))
    rig = record(place, 0)
    assert len(played(rig.store / rig.saved[0].path)) == 20
    assert (place / "secret").read_bytes() == SECRET


@pytest.mark.parametrize(
    "name", [MANIFEST, NOTES, f"{day_name(0)}.mp4", f"{EVENTS}/{part_name(clip_name(0))}"]
)
def test_somebodys_file_with_a_second_name_of_ours_is_not_written(place: Path, name: str) -> None:
    (place / "secret").write_bytes(SECRET)
    record(place)
    day = place / "store/front" / day_name(0)
    (day / EVENTS).mkdir(parents=True)
    (day / name).hardlink_to(place / "secret")
    rig = record(place, 0)
    assert len(played(rig.store / rig.saved[0].path)) == 20
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        assert rig.orders.put(MarkEvent("front", None, True, "7"))
        assert wait_until("it is kept", lambda: rig.kept)[0].event == name_of(0)
    assert (place / "secret").read_bytes() == SECRET
    for manifest in (MANIFEST, NOTES):  # nor is it told to others
        assert b"a secret" not in (day / manifest).read_bytes()


def test_a_backup_by_hard_links_stays_as_it_is(place: Path) -> None:
    record(place, 0)
    day = place / "store/front" / day_name(0)
    shutil.copytree(
        place / "store", place / "backup", copy_function=lambda a, b: Path(b).hardlink_to(a)
    )
    before = {p: p.read_bytes() for p in (place / "backup").rglob("*") if p.is_file()}
    rig = record(place, 1)
    assert rig.saved[0].day_file.endswith(f"{day.name}-2.mp4")
    assert {p: p.read_bytes() for p in (place / "backup").rglob("*") if p.is_file()} == before
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


def back_up(rig: StoreRig, number: int) -> Path:
    """Records one event more, then a backup is made; where."""
    event, backup = name_of(20 * number), rig.path / f"backup{number}"
    rig.put(*whole_event(event, 20 * number, started=NOW.astimezone()))
    wait_until("it is saved", lambda: event in {saved.event_id for saved in rig.saved})
    shutil.copytree(rig.store, backup, copy_function=lambda a, b: Path(b).hardlink_to(a))
    return backup


def test_a_backup_by_hard_links_in_between_is_no_end_of_anything(place: Path) -> None:
    with StoreRig(place) as rig:
        backups = [back_up(rig, number) for number in range(3)]
        assert {state.code for state in rig.states} == {StoreCode.STARTING, StoreCode.OK}
        assert not rig.repaired
    manifests = [backup / "front" / day_name(0) / MANIFEST for backup in backups]
    assert [len(path.read_bytes().splitlines()) for path in manifests] == [1, 2, 3]
    report = verify_store(place / "store")
    assert report.good, list(report.lines())


@pytest.mark.parametrize("name", [MANIFEST, NOTES, f"{day_name(0)}.mp4", "heatmap.png"])
@KINDS
def test_verify_names_what_is_no_file(place: Path, name: str, make: Callable[[Path], None]) -> None:
    (place / "secret").write_bytes(SECRET)
    record(place, 0)
    path = place / "store/front" / day_name(0) / name
    path.unlink(missing_ok=True)
    make(path)
    report = verify_store(place / "store")
    assert not report.good
    assert any(name in line for line in report.foreign + report.damaged)


def test_names_are_escaped_before_a_terminal_sees_them(place: Path) -> None:
    record(place, 0)
    (place / "store/front" / "\x1b[31mred\x07").write_bytes(b"")
    (place / "store" / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    (place / "store/front" / "\u202emoc").write_bytes(b"")
    text = "\n".join(verify_store(place / "store").lines())
    assert "\\x1b[31mred\\x07" in text
    assert "\\u202emoc" in text
    assert text.replace("\n", "").isprintable()
    text.encode()
