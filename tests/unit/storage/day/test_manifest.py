"""The two files that say what a day's folder holds; what they say outlives who wrote it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.core.store_names import MANIFEST, NOTES
from agent.storage.day.manifest import Chain, Manifest, parse

AT = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def test_each_line_has_the_next_number_and_the_digest_of_the_one_before(
    folder: int, tmp_path: Path
) -> None:
    written = [Chain(folder, "x").append({"a": number}, {"b": 1}) for number in range(2)]
    written.append(Chain(folder, "x").append({"a": 2}))
    first, second, third = parse((tmp_path / "x").read_bytes())
    assert [entry["seq"] for entry in written] == [1, 2, 3]
    assert [entry["prev"] for entry in written] == [None, first.digest, second.digest]
    assert all(line.sound and not line.torn for line in (first, second, third))
    assert [line.entry for line in (first, second, third)] != written  # the checksum is in the file
    assert list(Chain(folder, "x").entries()) == [first.entry, second.entry, third.entry]


def test_one_writer_goes_on_with_its_own_lines(folder: int) -> None:
    chain = Chain(folder, "x")
    written = [chain.append({"a": number}) for number in range(3)]
    assert [entry["seq"] for entry in written] == [1, 2, 3]
    assert len({entry["prev"] for entry in written}) == 3


def test_damaged_and_torn_lines_say_nothing(folder: int, tmp_path: Path) -> None:
    chain = Chain(folder, "x")
    for number in range(3):
        chain.append({"a": number})
    path = tmp_path / "x"
    first, second, third = lines(path)
    path.write_bytes(b"\n".join((first, second.replace(b'"a":1', b'"a":7'), b"[]", third[:-9])))
    assert [entry["a"] for entry in Chain(folder, "x").entries()] == [0]
    told = list(parse(path.read_bytes()))
    assert [(line.sound, line.torn) for line in told] == [
        (True, False),
        (False, False),
        (False, True),  # no object, nor the end of one
        (False, True),
    ]


def test_an_event_is_found_by_who_wrote_it_and_by_the_next(folder: int) -> None:
    manifest = Manifest(folder)
    assert (manifest.newest, manifest.find("A")) == (None, None)
    for event in "AB":
        manifest.append({"id": event, "frames": 3})
    for one in (manifest, Manifest(folder)):
        assert one.newest == "B"
        found = one.find("A")
        assert found is not None
        assert (found["id"], found["frames"], found["seq"]) == ("A", 3, 1)
        assert one.find("C") is None


def test_a_line_without_an_event_is_not_the_newest(folder: int) -> None:
    Manifest(folder).append({"id": "A"})
    Chain(folder, MANIFEST).append({"later": 1})
    assert Manifest(folder).newest == "A"


def test_a_picture_is_noted_once(folder: int, tmp_path: Path) -> None:
    manifest = Manifest(folder)
    for name in "aab":
        manifest.picture(name, 1, "d")
    Manifest(folder).picture("b", 1, "d")
    assert len(lines(tmp_path / NOTES)) == 2


def test_marks_are_written_when_they_change_and_remembered(folder: int, tmp_path: Path) -> None:
    manifest = Manifest(folder)
    for keep in (False, True, True):
        manifest.mark("A", "keep", AT, value=keep)
    manifest.mark("B", "keep", AT, value=True)
    assert manifest.kept == Manifest(folder).kept == {"A", "B"}
    again = Manifest(folder)
    for keep in (True, False, False):
        again.mark("A", "keep", AT, value=keep)
    assert again.kept == Manifest(folder).kept == {"B"}
    assert len(lines(tmp_path / NOTES)) == 3


def test_a_false_alarm_is_a_mark_of_its_own(folder: int, tmp_path: Path) -> None:
    manifest = Manifest(folder)
    manifest.mark("A", "false_alarm", AT, value=True)
    manifest.mark("A", "false_alarm", AT, value=True)
    assert manifest.kept == set()
    manifest.mark("A", "keep", AT, value=True)
    Manifest(folder).mark("A", "false_alarm", AT, value=False)
    assert Manifest(folder).kept == {"A"}
    assert len(lines(tmp_path / NOTES)) == 3


def test_that_files_may_be_missing_is_said_once(folder: int, tmp_path: Path) -> None:
    manifest = Manifest(folder)
    for _ in range(2):
        manifest.purge(AT)
        manifest.mark("A", "keep", AT, value=True)
    (purged, _) = parse((tmp_path / NOTES).read_bytes())
    assert purged.entry is not None
    assert (purged.entry["purged"], purged.entry["ts"]) == (True, "2026-11-22T08:15:00.000Z")
    Manifest(folder).purge(AT)
    assert len(lines(tmp_path / NOTES)) == 2
