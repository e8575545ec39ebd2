"""`kill -9` of everything in the middle of an event: what was spooled is there afterwards."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from agent.core.messages import StoreCode
from agent.storage.records import EventClosed
from tests.support.recordings import name_of, played
from tests.support.store_rig import StoreRig
from tests.support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[3]
COUNT = 60
SEED = 9


_COMMAND = [sys.executable, "-m", "tests.support.recording_agent"]


class RecordingAgent:
    """A process that records one endless event."""

    def __init__(self, path: Path, first: int, *codec: str) -> None:
        self._process = subprocess.Popen(
            [*_COMMAND, str(path), str(first), "60", *codec],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> str:
        """Ends it at once; returns what the store had said."""
        self._process.send_signal(signal.SIGKILL)
        return self._process.communicate(timeout=PATIENCE)[0]


def day_file(place: Path) -> Path:
    return place / "store/front/2026-11-22/2026-11-22.mp4"


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_until_larger(path: Path, than: int) -> None:
    wait_until("the file has grown", lambda: size(path) > than)


def test_the_part_on_disk_of_a_broken_event_plays_after_the_restart(place: Path) -> None:
    agent = RecordingAgent(place, 0)
    wait_until("some of the event is stored", lambda: size(day_file(place)) > 300_000)
    assert agent.kill() == ""  # nothing was said to be saved
    with StoreRig(place) as rig:
        (saved,) = wait_until("the broken event is saved", lambda: rig.saved)
    shown = played(place / "store" / saved.path)
    assert len(shown) >= 12
    assert shown == [(n * 250, n) for n in range(len(shown))]
    assert played(day_file(place)) == shown
    (entry,) = rig.manifest()
    assert (entry["reason"], entry["truncated"]) == ("interrupted", True)
    assert (entry["frames"], entry["ended"] is not None) == (len(shown), True)
    assert set(entry["files"]) == {"clip", "n-2", "n-1", "n", "delta"}
    assert entry["explanation"]["start"]["reason"] == "motion"
    assert saved.truncated


@pytest.mark.parametrize(
    ("kills", "codec"), [(12, []), (4, ["h264"]), (4, ["hevc"])], ids=["encoded", "h264", "hevc"]
)
def test_kills_at_any_moment_leave_a_file_that_plays_and_grows(
    place: Path, kills: int, codec: list[str]
) -> None:
    chance = random.Random(SEED)
    numbers: list[int] = []
    for kill in range(kills):
        first = kill * 100
        before = size(day_file(place))
        agent = RecordingAgent(place, first, *codec)
        wanted = chance.choice([1, 4_000, 20_000, 60_000])
        wait_until_larger(day_file(place), before + wanted)
        agent.kill()
        if size(day_file(place)) > 262_200:
            seen = [number for _, number in played(day_file(place))]  # without any repair
            assert seen[: len(numbers)] == numbers, (SEED, kill)
            numbers = seen
    with StoreRig(place) as rig:
        rig.wait_for(StoreCode.OK)
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    assert rig.spool.depth == 0
    assert [entry["id"] for entry in rig.manifest()] == [
        name_of(kill * 100) for kill in range(kills)
    ]
    numbers = [number for _, number in played(day_file(place))]
    parts = [[n for n in numbers if n // 100 == kill] for kill in range(kills)]
    assert [n for part in parts for n in part] == numbers
    for kill, part in enumerate(parts):
        assert part == list(range(kill * 100, kill * 100 + len(part))), (SEED, kill)
    clips = {entry["id"]: entry["frames"] for entry in rig.manifest()}
    assert [clips[name_of(kill * 100)] for kill in range(kills)] == [len(part) for part in parts]


def test_a_kill_between_clip_and_manifest_makes_no_second_clip(place: Path) -> None:
    agent = RecordingAgent(place, 0)
    wait_until("some of the event is stored", lambda: size(day_file(place)) > 300_000)
    agent.kill()
    with StoreRig(place) as rig:
        wait_until("the broken event is saved", lambda: rig.saved)
    clip = place / "store" / rig.saved[0].path
    closing = EventClosed(
        camera="front",
        event=name_of(0),
        started=_started(rig),
        reason="interrupted",
        truncated=True,
    )
    day_file(place).with_name("events.jsonl").unlink()
    with StoreRig(place) as again:
        again.put(closing)
        wait_until("it is saved again", lambda: again.saved)
    assert [path.name for path in clip.parent.glob("*.mp4")] == [clip.name]
    assert list(clip.parent.glob(".*")) == []


def _started(rig: StoreRig) -> datetime:
    return datetime.fromisoformat(rig.manifest()[0]["started_local"])
