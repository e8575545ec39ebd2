"""`verify`: one flipped bit anywhere in a store is found; a store in order is good."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.core.errors import ConfigError
from agent.core.messages import StoreCode
from agent.core.store_names import IDENTITY, FileKind
from agent.storage.day.day_part import ROLL_BYTES
from agent.storage.records import EventFile, MonitoringPicture, SessionPackets
from agent.storage.verify.store import verify_store
from tests.support.recordings import STARTED, name_of, whole_event
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

SEED = 11
FLIPS = int(os.environ.get("RESILIENCE", "60"))
DAY = Path("front/2026-11-22")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two events, their pictures and a monitoring picture."""
    place = tmp_path_factory.mktemp("verify")
    (place / "store").mkdir()
    with StoreRig(place) as rig:
        for number in (0, 1):
            first, *rest = whole_event(name_of(number * 20), number * 20)
            picture = EventFile(
                camera="front",
                event=name_of(number * 20),
                started=STARTED,
                kind=FileKind.BEST,
                body=bytes(range(256)) * 9,
            )
            rig.put(first, picture, *rest)
        rig.put(MonitoringPicture(camera="front", started=STARTED, body=b"picture" * 99))
        rig.put(SessionPackets(camera="front", started=STARTED, body=b"{}\n"))
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    return place / "store"


@pytest.fixture
def store(original: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it."""
    shutil.copytree(original, tmp_path / "copy")
    yield tmp_path / "copy"
    shutil.rmtree(tmp_path / "copy")


def test_a_store_in_order_is_good_and_so_are_its_parts(store: Path) -> None:
    for path in (store, store / "front", store / DAY):
        report = verify_store(path)
        assert report.good, list(report.lines())
        assert (report.events, report.files) == (2, 7)
    assert report.notes == []


def test_one_flipped_bit_anywhere_is_found(store: Path) -> None:
    chance = random.Random(SEED)
    files = sorted(path for path in store.rglob("*") if path.is_file() and path.name != IDENTITY)
    for number in range(FLIPS):
        path = files[number % len(files)]
        data = bytearray(path.read_bytes())
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        data[at] ^= 1 << bit
        path.write_bytes(data)
        assert not verify_store(store).good, (SEED, path.name, at, bit)
        data[at] ^= 1 << bit
        path.write_bytes(data)
    assert verify_store(store).good


def test_what_is_gone_is_missing(store: Path) -> None:
    clip = next((store / DAY / "events").glob("*.mp4"))
    clip.unlink()
    (store / DAY / "2026-11-22.mp4").unlink()
    missing = verify_store(store).missing
    assert sorted(missing) == sorted([str(DAY / "2026-11-22.mp4"), str(DAY / "events" / clip.name)])


def test_what_is_not_ours_is_foreign(store: Path) -> None:
    (store / "thumbs.db").write_bytes(b"x")
    (store / DAY / "notes.txt").write_bytes(b"x")
    (store / DAY / "events" / f"081501_{name_of(0)}_2.mp4").write_bytes(b"x")
    foreign = verify_store(store).foreign
    assert len(foreign) == 3
    assert "thumbs.db" in foreign


def test_a_line_taken_out_of_the_manifest_shows(store: Path) -> None:
    manifest = store / DAY / "events.jsonl"
    first, second = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(second)
    assert any("does not follow" in line for line in verify_store(store).damaged)
    manifest.write_bytes(first.replace(b"cleared", b"changed") + second)
    assert len(verify_store(store).damaged) == 2


def test_a_torn_line_is_worth_a_note_only(store: Path) -> None:
    manifest = store / DAY / "events.jsonl"
    first, second = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(first + second[:30] + b"\n" + second)
    report = verify_store(store)
    assert report.good, list(report.lines())
    assert any("torn" in line for line in report.notes)


def test_a_file_that_is_being_written_is_not_held_against_the_store(store: Path) -> None:
    day = store / DAY / "2026-11-22.mp4"
    with day.open("ab") as file:
        file.write(b"the beginning of a fragment")
    (store / DAY / "events" / ".081502_X.mp4.part").write_bytes(b"x")
    report = verify_store(store)
    assert report.good, list(report.lines())
    assert len(report.notes) == 2


def test_a_copy_without_its_identity_says_so(store: Path) -> None:
    (store / IDENTITY).unlink()
    report = verify_store(store)
    assert report.good
    assert IDENTITY in report.notes[0]
    (store / IDENTITY).write_bytes(b"{}")
    assert not verify_store(store).good


def test_a_cut_day_file_is_damaged(store: Path) -> None:
    day = store / DAY / "2026-11-22.mp4"
    day.write_bytes(day.read_bytes()[:-1000])
    assert any("gone or damaged" in line for line in verify_store(store).damaged)
    assert ROLL_BYTES < 2**32


def test_no_folder_is_a_mistake_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        verify_store(tmp_path / "none")
