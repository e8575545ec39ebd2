"""`kill -9` of the whole agent, its store process included, while it records, again and again.

Three times here; `RESILIENCE_KILLS=200` for the long form (20 minutes).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import av
import pytest

from agent.storage.verify.store import verify_store
from tests.support.agent_process import CAMERA, House, Process
from tests.support.broker import free_port
from tests.support.rtsp_camera_process import RtspCamera
from tests.support.waiting import wait_until

KILLS = int(os.environ.get("RESILIENCE_KILLS", "3"))
SEED = 21
#: Each so many kills every picture is decoded, not only counted.
THOROUGH = 20
_SAVED = re.compile(r"clip (\w+) stored as (\S+)")


@contextmanager
def family(house: House) -> Iterator[None]:
    """A camera that sends JPEGs: they are encoded."""
    house.simulate("--fps", "10")
    yield


@contextmanager
def packets(house: House, path: str) -> Iterator[None]:
    """A camera that sends video, before which something moves always: it is kept as it comes."""
    with RtspCamera("viewer", "pw-123") as camera:
        house.config["cameras"][CAMERA] |= {
            "source": camera.url(path),
            "recording": {"post_frames": 3, "pre_seconds": 0.5, "audio": True},
        }
        yield


CAMERAS: dict[str, Callable[[House], AbstractContextManager[None]]] = {
    "jpegs": family,
    "h264 and sound": partial(packets, path="/aac"),
    "h264 with b frames": partial(packets, path="/bframes"),
}


@pytest.mark.timeout(900 + 30 * KILLS)
@pytest.mark.parametrize("kind", CAMERAS)
def test_every_event_said_to_be_stored_plays_after_any_number_of_kills(
    tmp_path: Path, kind: str
) -> None:
    chance = random.Random(SEED)
    with ExitStack() as stack:
        house = stack.enter_context(House(tmp_path, free_port()))  # no broker is needed
        house.config["cameras"][CAMERA] |= {
            "analysis_fps": 5,
            "recording": {"post_frames": 3, "pre_seconds": 0.5},
            # somebody is there nearly always: an event ends by its length, too
            "max_event_seconds": 10,
        }
        stack.enter_context(CAMERAS[kind](house))
        log = ""
        for kill in range(KILLS):
            agent = house.agent()
            before = written(house.store)
            wait_until("it records", partial(has_grown, house.store, before))
            chance_waits(agent, chance.uniform(0.0, 2.5))
            kill_all(agent)
            log += agent.log
            check(house, log, thorough=kill % THOROUGH == THOROUGH - 1, seed=(SEED, kill))
        last = house.agent()
        last.wait_for_line(r"motion \w+: \d+ of")
        assert last.stop() == 0
        log += last.log
        check(house, log, thorough=True, seed=(SEED, "end"))
        report = verify_store(house.store)
        assert report.good, list(report.lines())
        assert report.events >= len(acknowledged(log))


def has_grown(store: Path, before: int) -> bool:
    return written(store) > before


def written(store: Path) -> int:
    return sum(path.stat().st_size for path in store.glob(f"{CAMERA}/*/*.mp4"))


def chance_waits(agent: Process, seconds: float) -> None:
    """Lets it work on; it does not end by itself."""
    with pytest.raises(subprocess.TimeoutExpired):
        agent.wait(seconds)


def kill_all(agent: Process) -> None:
    """The agent and all it has started, at once."""
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    threads = Path(f"/proc/{agent.pid}/task").iterdir()
    for thread in threads:
        children += (thread / "children").read_text().split()
    for pid in [str(agent.pid), *set(children)]:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    agent.wait()


def acknowledged(log: str) -> dict[str, str]:
    """The events that were said to be stored, and their clips."""
    return dict(_SAVED.findall(log))


def check(house: House, log: str, *, thorough: bool, seed: tuple[int, object]) -> None:
    """Every event that was said to be stored is in the unrepaired day's file and has its clip."""
    events = acknowledged(log)
    shown: dict[Path, int] = {}
    for event, clip in events.items():
        path = house.store / clip
        day = path.parents[1]
        shown[day] = shown.get(day, 0) + pictures(path, decode=False)
        assert shown[day], (seed, event)
    for day, count in shown.items():
        total = sum(pictures(film, decode=thorough) for film in day.glob("*.mp4"))
        assert total >= count, seed
        told = (day / "events.jsonl").read_text()
        assert all(event in told for event, clip in events.items() if day.name in clip), seed


def pictures(path: Path, *, decode: bool) -> int:
    with av.open(str(path)) as container:
        if decode:
            return sum(1 for _ in container.decode(video=0))
        return sum(1 for packet in container.demux(video=0) if packet.size)
