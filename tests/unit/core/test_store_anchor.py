"""The store's anchor: what is published is what `verify` reads, with its signature."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.core.anchors import (
    SHOWN_DAYS,
    CameraAnchor,
    DayAnchor,
    Going,
    Head,
    anchor_from,
    explained,
)
from agent.core.orders import Mark
from agent.core.store_names import MARKS
from schemas.state import StoreAnchor

KEY = b"sixteen bytes or more"
DAYS = tuple(
    DayAnchor(f"2026-11-{day:02}", Head(day, f"{day:064x}"), newest="A") for day in range(1, 16)
)
ANCHOR = CameraAnchor(
    "uuid", "pi", "yard", "2026-11-22T09:00:00.000+00:00", settled=True, days=DAYS
)


def test_what_is_published_is_read_again_with_its_signature() -> None:
    said = ANCHOR.shown().signed(KEY)
    payload = StoreAnchor.model_validate(said.wire()).to_json()
    read = anchor_from(json.loads(payload))
    assert read == said
    assert read.is_signed_with(KEY)
    assert not read.is_signed_with(b"another key of some length")
    assert not replace(read, broken=1).is_signed_with(KEY)
    assert len(payload) < 4096
    assert len(read.days) == SHOWN_DAYS
    assert read.older is not None
    assert read.older.days == len(DAYS) - SHOWN_DAYS


@pytest.mark.parametrize(
    "change",
    [
        {"v": True},
        {"days": [{}]},
        {"days": [DAYS[1].wire(), DAYS[0].wire()]},
        {"days": [{**DAYS[0].wire(), "events": -1}]},
        {"days": [{**DAYS[0].wire(), "events": 1e300}]},
        {"days": [{**DAYS[0].wire(), "going": "away"}]},
        {"ts": "2026-11-22T09:00:00"},
        {"camera": "\x1b[2J"},
        {"mac": "0"},
        {"days": [], "older": {"days": 1, "digest": "0" * 64}},
    ],
)
def test_what_is_no_anchor_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        anchor_from({**ANCHOR.wire(), **change})


def test_retention_goes_one_step_after_the_other() -> None:
    purged = replace(DAYS[0], going=Going.PURGED)
    assert [purged.allows(each) for each in Going] == [True, True, False]


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_that_was_under_way_when_the_agent_was_killed_is_its_own(mark: Mark) -> None:
    note = {"v": 1, mark.value: "01A", "value": True}
    assert mark.value in MARKS
    for writing in ("01A", ""):
        assert explained(note, writing, Going.WHOLE, only=True)
        assert not explained(note, writing, Going.WHOLE, only=False)
    for other in ("01B", None):
        assert not explained(note, other, Going.WHOLE, only=True)
