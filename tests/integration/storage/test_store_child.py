"""The store's child process: killed, hanging, crashing, light."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agent.core.messages import StoreCode
from agent.storage.records import (
    EventOpened,
)
from agent.storage.store import worker as store_module
from tests.support.recordings import (
    event,
    played,
)
from tests.support.store_rig import StoreRig
from tests.support.stored_events import DAY, NAMES, events, shown
from tests.support.waiting import wait_until


def test_a_child_killed_in_mid_event_costs_nothing(place: Path) -> None:
    records = events(0, 1)
    with StoreRig(place) as rig:
        for record in records:
            rig.put(record)
            if isinstance(record, EventOpened) or len(record.body) % 3 == 0:
                with suppress(ProcessLookupError):  # the one of the last time, and already gone
                    os.kill(rig.child, signal.SIGKILL)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert played(place / DAY / "2026-11-22.mp4") == shown(0, 1)
    assert sorted({saved.event_id for saved in rig.saved}) == NAMES[:2]
    assert [entry["id"] for entry in rig.manifest()] == NAMES[:2]
    assert len(list((place / DAY / "events").iterdir())) == 2


def test_a_child_that_hangs_is_waited_for_and_not_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "STALLED_AFTER", 0.5)
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        child = rig.child
        os.kill(child, signal.SIGSTOP)
        rig.put(*events(0))
        state = rig.wait_for(StoreCode.STALLED)
        assert "no answer" in state.reason
        wait_until("the worker still beats", lambda: rig.worker.stats.spool_records > 3)
        assert rig.child == child
        os.kill(child, signal.SIGCONT)
        wait_until("the event is saved", lambda: rig.saved)
        assert rig.child == child
    assert [state.code for state in rig.states if state.free_mib is None][-1] is StoreCode.OK


def test_the_agent_stops_although_the_child_hangs(place: Path) -> None:
    rig = StoreRig(place)
    with rig:
        rig.wait_for(StoreCode.OK)
        child = rig.child
        os.kill(child, signal.SIGSTOP)
        rig.put(*events(0))
    assert rig.spool.depth == len(events(0))
    os.kill(child, signal.SIGCONT)
    wait_until(
        "the child has ended", lambda: rig.worker._former is None or rig.worker._former.ended()
    )


def test_a_record_that_crashes_the_child_is_given_up(place: Path) -> None:
    poison = replace(event(NAMES[0], 0)[0], avcc="no hex")
    with StoreRig(place) as rig:
        rig.put(poison, *events(1))
        wait_until("the other event is saved", lambda: rig.saved)
        assert rig.worker.stats.lost_records == 1
    assert played(place / DAY / "2026-11-22.mp4") == shown(1)


def test_what_the_engine_has_no_room_for_is_said_again(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        rig.deaf = True
        rig.put(*events(0))
        wait_until("it was refused", lambda: rig.refused > 2)
        assert rig.spool.depth >= 2  # a kill now must not forget that it is unsaid
        assert rig.saved == []
        rig.deaf = False
        wait_until("the event is said", lambda: rig.saved)
    assert rig.spool.depth == 0
    assert len(rig.saved) == 1


def test_the_store_process_is_light(place: Path) -> None:
    with StoreRig(place) as rig:
        rig.put(*events(0))
        wait_until("the event is saved", lambda: rig.saved)
        maps = Path(f"/proc/{rig.child}/smaps_rollup").read_text().splitlines()
        mapped = Path(f"/proc/{rig.child}/maps").read_text()
    own = next(int(line.split()[1]) for line in maps if line.startswith("Pss_Anon"))
    assert own / 1024 <= 15, f"{own} kB"  # what the machine would have back without it
    for heavy in ("numpy", "cv2", "av.libs", "pydantic"):
        assert f"/{heavy}" not in mapped  # the folder of another library may have any name
