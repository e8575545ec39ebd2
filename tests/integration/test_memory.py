"""Four cameras, one of them hostile: the whole agent stays within its memory, the others record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.runtime.memory import LEAST_LIMIT, MIB
from tests.resilience.footprint import children
from tests.support.agent_process import House, Process
from tests.support.broker import free_port
from tests.support.endless_rtsp import EndlessRtsp, ManyReferences, coded
from tests.support.waiting import wait_until
from tests.support.web_camera import WebCamera

GOOD = ("gate", "porch", "yard")
#: Pictures with somebody in them, ten a second; then nobody comes for ever.
VISIT = 40


def visited(number: int) -> bytes:
    """1920x1080, somebody walks through every twenty seconds."""
    return _visited(min(number % 200, VISIT))


@cache
def _visited(number: int) -> bytes:
    picture = np.full((1080, 1920, 3), 110, np.uint8)
    picture[::8] = 90
    if 10 <= number < VISIT:
        left = 40 * number
        picture[300:800, left : left + 200] = (20, 30, 200)
    return encoded(picture)


def encoded(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], *options: int) -> bytes:
    return cv2.imencode(".jpg", picture, options)[1].tobytes()


def giants(*options: int) -> Callable[[int], bytes]:
    """16.8 million pixels each, in every one of which something moves."""
    pictures = []
    for number in range(4):
        picture = np.full((4096, 4096, 3), 120, np.uint8)
        picture[1000:3000, 600 * number : 600 * number + 900] = (0, 250, 30)
        pictures.append(encoded(picture, *options))
    return lambda number: pictures[number % len(pictures)]


@contextmanager
def serving(picture: Callable[[int], bytes]) -> Iterator[str]:
    with WebCamera(picture, fps=50) as camera:
        yield camera.url()


@contextmanager
def endless_rtsp() -> Iterator[str]:
    with EndlessRtsp() as camera:
        yield camera.url


@contextmanager
def many_references() -> Iterator[str]:
    """16.8 million pixels, 16 references."""
    with ManyReferences(coded(4096, 4096, 16, 20)) as camera:
        yield camera.url


def endless_jpeg() -> AbstractContextManager[str]:
    """A part that never has an end mark: 40 MiB each, without a length."""
    body = giants()(0)[:-2] + b"\x11" * (40 * MIB)
    return serving(lambda _number: body)


HOSTILE: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "large": lambda: serving(giants(cv2.IMWRITE_JPEG_QUALITY, 100)),
    "progressive": lambda: serving(giants(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
    "restarts": lambda: serving(giants(cv2.IMWRITE_JPEG_RST_INTERVAL, 1)),
    "endless_jpeg": endless_jpeg,
    "endless_rtsp": endless_rtsp,
    "many_references": many_references,
}


def peak(agent: Process) -> float:
    """MiB that the agent and its children had at most, as the kernel counted."""
    found = 0.0
    for pid in (agent.pid, *children(agent.pid)):
        status = Path(f"/proc/{pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        found += int(line.split()[1]) / 1024
    return found


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_camera_costs_neither_the_memory_nor_the_others(
    kind: str, tmp_path: Path
) -> None:
    with ExitStack() as running, House(tmp_path, free_port()) as house:
        cameras = {name: running.enter_context(WebCamera(visited, fps=10)) for name in GOOD}
        house.config["cameras"] = {name: {"source": it.url()} for name, it in cameras.items()}
        hostile = running.enter_context(HOSTILE[kind]())
        house.config["cameras"]["hostile"] = {"source": hostile}
        house.config["agent"]["memory_max"] = f"{LEAST_LIMIT // MIB} MiB"
        agent = house.agent()

        def recorded() -> bool:
            assert agent.exit_code is None, agent.log
            return all(list((house.store / name).rglob("events/*.mp4")) for name in GOOD)

        wait_until("a clip of each good camera", recorded, every=0.2)
        assert peak(agent) < LEAST_LIMIT / MIB, agent.log
        if kind in {"large", "restarts"}:
            agent.wait_for_line("hostile_costly")
        for name in GOOD:
            assert f"camera {name}: live" in agent.log
        assert agent.stop() == 0
