"""Two streams of one camera: the small one is judged, the large one is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import av
import pytest

from agent.storage.verify.store import verify_store
from tests.support import rtsp_camera_process
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.scene import jpeg_of, places
from tests.support.waiting import wait_until
from tests.support.web_camera import PASSWORD, USER, WebCamera

SMALL, LARGE = (240, 320), (480, 640)
BRIGHT = 150


class Main(Protocol):
    """The camera's large picture."""

    url: str

    def show(self, *, visit: bool) -> None: ...

    def stall(self) -> None: ...

    def play(self) -> None: ...


@dataclass
class Web:
    """MJPEG with digest auth."""

    stack: ExitStack
    scene: list[bytes] = field(default_factory=lambda: [jpeg_of(None, LARGE)])

    def __post_init__(self) -> None:
        made = WebCamera(lambda _n: self.scene[0], fps=15, auth="digest")
        self.camera = self.stack.enter_context(made)
        self.url = self.camera.url(
            user=f"{USER}:{PASSWORD.replace('@', '%40').replace('/', '%2F')}"
        )

    def show(self, *, visit: bool) -> None:
        self.scene[0] = jpeg_of(None, LARGE, 230) if visit else jpeg_of(None, LARGE)

    def stall(self) -> None:
        self.camera.stalled.set()

    def play(self) -> None:
        self.camera.stalled.clear()


@dataclass
class Rtsp:
    """H.264 over RTSP, 15 pictures a second, a key picture each."""

    stack: ExitStack

    def __post_init__(self) -> None:
        made = rtsp_camera_process.RtspCamera("viewer", "pw-123")
        self.camera = self.stack.enter_context(made)
        self.url = self.camera.url("/h264")

    def show(self, *, visit: bool) -> None:
        self.camera.say("visit" if visit else "empty")

    def stall(self) -> None:
        self.camera.say("stall")

    def play(self) -> None:
        self.camera.say("play")


@pytest.fixture(params=[Web, Rtsp])
def main(request: pytest.FixtureRequest) -> Iterator[Main]:
    with ExitStack() as stack:
        yield request.param(stack)


def events(ear: Ear, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in ear.payloads(topic)]


def levels(path: Path) -> tuple[tuple[int, int], list[float]]:
    """Size, and the mean of each picture."""
    with av.open(str(path)) as container:
        luma = [it.to_ndarray(format="gray") for it in container.decode(video=0)]
    height, width = luma[0].shape
    return (height, width), [float(it[height // 2 :].mean()) for it in luma]


def test_clips_are_of_the_large_picture_and_go_on_without_it(
    house: House, ear: Ear, main: Main
) -> None:
    visited = [False]
    with WebCamera(lambda n: jpeg_of(places(n) if visited[0] else None, SMALL), fps=5) as small:
        house.config["cameras"]["yard"] = {
            "source": small.url(),
            "record_source": main.url,
            "analysis_fps": 5,
            "detection": {"profile": "plain"},
            "recording": {"post_frames": 5},
        }
        agent = house.agent(SURVEILLANCE_LOG_LEVEL="DEBUG")
        agent.wait_for_line("recording stream: live")

        def visit(number: int) -> dict[str, Any]:
            """Somebody walks about for two seconds; the manifest's line of the event."""
            pictures = small.sent
            wait_until("quiet pictures", lambda: small.sent > pictures + 15)
            main.show(visit=True)
            visited[0] = True
            wait_until("a visit", lambda: small.sent > pictures + 25)
            main.show(visit=False)
            visited[0] = False
            saved = wait_until(f"clip {number}", lambda: events(ear, YARD.event_recording)[number:])
            assert saved[0]["event_type"] == "recording_saved", saved
            day = house.store / Path(saved[0]["path"]).parents[1]
            line = json.loads((day / "events.jsonl").read_text().splitlines()[-1])
            return {**line, **{name: day / file["name"] for name, file in line["files"].items()}}

        first = visit(0)
        size, shown = levels(first["clip"])
        assert (first["stream"], size) == ("record_source", LARGE)
        assert min(shown[:3]) < 60, "begins before the visit"
        assert max(shown) > BRIGHT, "shows it"
        assert levels(first["best"])[0] == LARGE
        assert levels(first["n"])[0] == SMALL, "what was judged"
        assert len(shown) >= 1.5 * 15, "its own frame rate"

        main.stall()
        agent.wait_for_line("recording stream: stalled")
        second = visit(1)
        assert (second["stream"], levels(second["clip"])[0]) == ("source", SMALL)
        health = events(ear, YARD.health)[-1]
        assert health["state"] == "live"
        assert "recording_stream" in " ".join(health["problems"])
        links = agent.log.count("recording stream: live")
        main.play()
        wait_until("live again", lambda: agent.log.count("recording stream: live") > links)
        third = visit(2)
        assert (third["stream"], levels(third["clip"])[0]) == ("record_source", LARGE)
        assert agent.stop() == 0
    assert verify_store(house.store).good
    assert "Traceback" not in agent.log
    assert "pw-123" not in agent.log
    assert PASSWORD not in agent.log
