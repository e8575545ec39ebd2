"""An event that the spool lost while the store was away: one last word, and a true one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.core.messages import RecordingFailed, RecordingSaved
from agent.storage.records import Fragment, Record
from tests.support.store_rig import StoreRig
from tests.support.stored_events import NAMES, events
from tests.support.waiting import wait_until


def _told(*rigs: StoreRig) -> list[tuple[str, str]]:
    """What was said of the first event."""
    return [
        (type(said).__name__, said.code if isinstance(said, RecordingFailed) else "")
        for rig in rigs
        for said in rig.said
        if isinstance(said, RecordingSaved | RecordingFailed) and said.event_id == NAMES[0]
    ]


def _room(*records: Record) -> int:
    return sum(len(record.body) + 6000 for record in records)


def _emptied(rig: StoreRig) -> None:
    with rig:
        wait_until("all is told", lambda: rig.spool.depth == 0)


@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
def test_an_event_of_which_a_part_is_stored_is_saved(place: Path, *, restarted: bool) -> None:
    first, second, third = events(0), events(1), events(2)
    room = _room(*first, *second)
    rig = StoreRig(place, limit_bytes=room)
    begun = next(n for n, record in enumerate(first) if isinstance(record, Fragment)) + 2
    with rig:
        rig.put(*first[:begun])
        wait_until("its begin is stored", lambda: rig.spool.depth <= 1)
    (place / "store").rename(place / "away")
    away = StoreRig(place, limit_bytes=room) if restarted else rig
    for record in [*first[begun:-1], *second, *third, first[-1]]:
        away.spool.put(record)
    assert away.spool.lost_events == 1
    (place / "away").rename(place / "store")
    back = StoreRig(place, limit_bytes=room)
    _emptied(back)
    assert _told(*dict.fromkeys([rig, away, back])) == [("RecordingSaved", "")]
    (saved,) = [it for it in back.saved if it.event_id == NAMES[0]]
    assert saved.truncated
    assert (place / "store" / saved.path).exists()


def test_an_event_of_which_nothing_is_stored_has_failed_at_once_and_once(place: Path) -> None:
    room = _room(*events(0), *events(1))
    (place / "store").rename(place / "away")
    with StoreRig(place, limit_bytes=room) as away:
        away.put(*events(0), *events(1), *events(2))
        wait_until("the loss is said", lambda: _told(away))
    (place / "away").rename(place / "store")
    back = StoreRig(place, limit_bytes=room)
    _emptied(back)
    assert _told(away, back) == [("RecordingFailed", "spool_full")]
    assert [line["frames"] for line in back.manifest() if line["id"] == NAMES[0]] == [0]
