"""Names in the store: made, told apart from foreign ones, never a way out of the folder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import store_names
from agent.core.store_names import FileKind

LOCAL = datetime(2026, 11, 22, 8, 15, 1, 300_000, timezone(timedelta(hours=1)))
EVENT = "01JD9Z3V5X8Q2M4N6P7R9S0T1W"


def test_a_day_is_the_local_one() -> None:
    midnight = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).astimezone(LOCAL.tzinfo)
    assert store_names.day_name(midnight) == "2026-11-22"


def test_the_day_file_gets_a_number_from_its_second_part_on() -> None:
    assert store_names.day_file("2026-11-22") == "2026-11-22.mp4"
    assert store_names.day_file("2026-11-22", 2) == "2026-11-22-2.mp4"


@pytest.mark.parametrize("part", [1, 2, 17])
def test_the_part_is_read_back_from_the_name(part: int) -> None:
    name = store_names.day_file("2026-11-22", part)
    assert store_names.part_of(name, "2026-11-22") == part
    assert store_names.part_of(name, "2026-11-23") is None


def test_a_damaged_file_that_was_put_aside_is_no_part() -> None:
    assert store_names.part_of("2026-11-22.mp4.damaged-1", "2026-11-22") is None


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (FileKind.CLIP, ".mp4"),
        (FileKind.BEST, ".jpg"),
        (FileKind.BEFORE_LAST, "_n-2.jpg"),
        (FileKind.LAST, "_n-1.jpg"),
        (FileKind.TRIGGER, "_n.jpg"),
        (FileKind.DELTA, "_delta.png"),
    ],
)
def test_an_events_files_are_named_by_second_and_id(kind: FileKind, ending: str) -> None:
    name = store_names.event_file(LOCAL, EVENT, kind)
    assert name == f"081501_{EVENT}{ending}"
    assert store_names.is_ours("2026-11-22", "events", name)
    assert store_names.is_ours("2026-11-22", "events", store_names.variant(name, 2))
    assert store_names.is_ours("2026-11-22", "events", store_names.part_name(name))


def test_a_variant_has_its_number_before_the_ending() -> None:
    assert store_names.variant("081501.jpg", 1) == "081501.jpg"
    assert store_names.variant("081501.jpg", 2) == "081501_2.jpg"


def test_a_monitoring_picture_is_named_by_its_second() -> None:
    assert store_names.monitoring_file(LOCAL) == "081501.jpg"


def test_a_failed_sessions_packets_are_named_by_their_second() -> None:
    assert store_names.session_file(LOCAL) == "081501.jsonl"


def test_our_files_of_a_day_are_recognised() -> None:
    day = "2026-11-22"
    for path in (
        ("2026-11-22.mp4",),
        ("2026-11-22-3.mp4",),
        ("2026-11-22.mp4.damaged-1",),
        ("events.jsonl",),
        ("monitoring", "081501.jpg"),
        ("monitoring", "081501_2.jpg"),
        ("sessions", "081501.jsonl"),
        ("sessions", "081501_2.jsonl"),
        ("heatmap.png",),
        ("heatmap_2.png",),
        (".heatmap.png.part",),
    ):
        assert store_names.is_ours(day, *path), path


@pytest.mark.parametrize(
    "path",
    [
        ("2026-11-23.mp4",),
        ("holiday.mp4",),
        ("events", "081501.mp4"),
        ("events", "deeper", f"081501_{EVENT}.mp4"),
        ("monitoring", "IMG_0001.jpg"),
        ("sessions", "081501.jpg"),
        ("sessions", "porch.jsonl"),
        ("notes.txt",),
        ("heatmaps.png",),
        ("monitoring", "heatmap.png"),
        (".nfs000123",),
        ("other", "081501.jpg"),
    ],
)
def test_what_somebody_else_put_there_is_not_ours(path: tuple[str, ...]) -> None:
    assert not store_names.is_ours("2026-11-22", *path)


def test_a_days_folder_is_a_date() -> None:
    assert store_names.day_of("2026-11-22") == date(2026, 11, 22)
    for name in ("2026-13-01", "2026-11-22 ", "x2026-11-22", "20261122", "2026-11-22\n"):
        assert store_names.day_of(name) is None


@given(st.text())
def test_no_name_that_is_accepted_leads_out_of_a_folder(name: str) -> None:
    for accepts in (store_names.is_camera, store_names.is_event):
        if accepts(name):
            assert name.isascii()
            assert not set(name) & set("/.\\\0\n")
