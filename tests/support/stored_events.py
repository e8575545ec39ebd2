"""Events as a recorder spools them, and one life of the storage that takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.core.messages import StoreCode
from agent.core.store_names import FileKind
from agent.storage.records import (
    EventFile,
    Record,
)
from tests.support.recordings import (
    STARTED,
    event,
    expected,
    name_of,
    whole_event,
)
from tests.support.store_rig import StoreRig
from tests.support.waiting import wait_until

DAY = Path("store/front/2026-11-22")
NAMES = [name_of(number * 20) for number in range(8)]


def events(*numbers: int) -> list[Record]:
    return [record for number in numbers for record in whole_event(NAMES[number], number * 20)]


def shown(*numbers: int) -> list[tuple[int, int]]:
    return expected(*(event(NAMES[number], number * 20) for number in numbers))


def file(name: str, kind: FileKind, body: bytes) -> EventFile:
    return EventFile(camera="front", event=name, started=STARTED, kind=kind, body=body)


def run(place: Path, *records: Record, **options: Any) -> StoreRig:  # noqa: ANN401
    """One life of the agent's storage: everything put is stored, then it stops."""
    with StoreRig(place, **options) as rig:
        rig.put(*records)
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert rig.spool.depth == 0
    return rig
