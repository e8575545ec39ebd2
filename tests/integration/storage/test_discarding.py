"""A self test's camera goes through spool and store like any other, and leaves no trace."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.messages import StoreAnchored, StoreCode
from agent.core.self_test_stages import CameraDiscarded
from agent.core.store_names import CLAIMS, self_test_camera
from agent.storage.records import MonitoringPicture, Record
from agent.storage.spool.spool import Spool
from agent.storage.store.discarding import Discarding
from agent.storage.verify.anchor import against
from agent.storage.verify.store import verify_store
from tests.support.recordings import STARTED, name_of, whole_event
from tests.support.spooled import spooled
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

TEST = self_test_camera("12345678-9abc-def0-1234-56789abcdef0")
EVENT = name_of(4000)


def records(camera: str, name: str, first: int) -> list[Record]:
    return [replace(each, camera=camera) for each in whole_event(name, first)]


def of_a_test() -> list[Record]:
    picture = MonitoringPicture(camera=TEST, started=STARTED, heatmap=True, body=b"heat")
    return [*records(TEST, EVENT, 4000), picture]


def begun(path: Path) -> StoreRig:
    rig = StoreRig(path)
    rig.worker.discarding = Discarding(TEST)
    return rig


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path


def discarded(rig: StoreRig, count: int) -> None:
    """So often was it said that nothing of the camera is there."""

    def said() -> bool:
        return sum(isinstance(it, CameraDiscarded) for it in rig.said) >= count

    wait_until("it is discarded", said)


def is_clean(place: Path) -> None:
    """The store is as if there had been no test, and the anchor says so, too."""
    assert not (place / "store" / TEST).exists()
    assert not (place / "store" / CLAIMS / TEST).exists()
    report = verify_store(place / "store", against(str(place / "state" / "anchor.json"), None))
    assert report.good, report
    assert TEST not in (place / "state" / "anchor.json").read_text()


def test_a_test_is_saved_counts_nowhere_and_is_taken_away(place: Path) -> None:
    with begun(place) as rig:
        discarded(rig, 1)
        rig.put(*records("front", name_of(0), 0), *of_a_test())
        wait_until("both are saved", lambda: len(rig.saved) == 2)
        assert {it.camera for it in rig.saved} == {"front", TEST}
        assert (place / "store" / TEST).is_dir()
        rig.wait_until_empty()
        assert rig.worker.stats.saved == 1
        assert rig.worker.discarding is not None
        rig.worker.discarding.want()
        discarded(rig, 2)
    is_clean(place)
    assert rig.repaired == []
    anchored = {it.camera for it in rig.said if isinstance(it, StoreAnchored)}
    assert anchored == {"front"}
    assert len(rig.manifest()) == 1


def test_it_goes_also_while_its_event_is_open_and_a_further_test_is_as_the_first(
    place: Path,
) -> None:
    with begun(place) as rig:
        discarded(rig, 1)
        for number in (2, 3):
            rig.put(*of_a_test()[:-2])  # neither the end of the event nor the picture
            wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
            rig.spool.discard(TEST)
            assert rig.worker.discarding is not None
            rig.worker.discarding.want()
            discarded(rig, number)
            assert not (place / "store" / TEST).exists()
        rig.put(*records("front", name_of(0), 0))
        wait_until("it is saved", lambda: len(rig.saved) == 1)
    is_clean(place)


def test_a_store_that_hung_in_the_middle_is_clean_when_it_is_back(place: Path) -> None:
    with begun(place) as rig:
        discarded(rig, 1)
        rig.wait_for(StoreCode.OK)
        wait_until("it rests", lambda: rig.worker._asked is None)
        os.kill(rig.child, signal.SIGSTOP)
        try:
            rig.put(*of_a_test())
            wait_until("it hangs in a request", lambda: rig.worker._asked)
            rig.spool.discard(TEST)
            assert rig.worker.discarding is not None
            rig.worker.discarding.want()
        finally:
            os.kill(rig.child, signal.SIGCONT)
        discarded(rig, 2)
        rig.put(*records("front", name_of(0), 0))
        wait_until("it is saved", lambda: len(rig.saved) == 1)
    is_clean(place)


def test_what_a_killed_test_has_left_goes_at_the_next_start(place: Path) -> None:
    with StoreRig(place) as rig:  # it discards nothing, as if it had been killed before
        rig.put(*of_a_test(), *records("front", name_of(0), 0))
        wait_until("both are saved", lambda: len(rig.saved) == 2)
    Spool(place / "spool").put(records(TEST, name_of(4020), 4020)[0])
    assert (place / "store" / TEST).is_dir()
    rig = begun(place)
    rig.spool.discard(TEST)
    assert spooled(rig.spool) == []
    with rig:
        rig.wait_for(StoreCode.OK)
        discarded(rig, 1)
    is_clean(place)
    assert len(rig.manifest()) == 1


def test_what_others_have_put_there_stays_and_so_does_a_folder_of_another_agent(
    place: Path,
) -> None:
    with StoreRig(place) as rig:
        rig.put(*of_a_test())
        wait_until("it is saved", lambda: len(rig.saved) == 1)
    notes = place / "store" / TEST / "2026-11-22" / "notes.txt"
    notes.write_text("mine")
    with begun(place) as rig:
        discarded(rig, 1)
    assert [it for it in (place / "store" / TEST).rglob("*") if it.is_file()] == [notes]
    others = place / "store" / self_test_camera("f" * 12)
    (others / "2026-11-22").mkdir(parents=True)
    (others / "2026-11-22" / "events.jsonl").write_text("{}\n")
    with StoreRig(place) as rig:
        rig.worker.discarding = Discarding(others.name)
        discarded(rig, 1)
    assert (others / "2026-11-22" / "events.jsonl").exists()
