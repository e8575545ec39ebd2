"""One stream of H.264: judged by its planes, recorded from its packets, shown as JPEGs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av

from agent.imaging.jpeg import decode_colour, dimensions
from agent.storage.verify.store import verify_store
from tests.support import rtsp_camera_process
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.waiting import wait_until


def said(ear: Ear, topic: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in ear.payloads(topic)]


def test_a_visit_before_a_camera_of_video_is_judged_recorded_and_shown(
    house: House, ear: Ear
) -> None:
    """The visit makes all of the picture white, but for what nobody may see."""
    corner = [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]
    with rtsp_camera_process.RtspCamera("viewer", "pw-123") as camera:
        house.config["cameras"]["yard"] = {
            "source": camera.url("/h264"),
            "analysis_fps": 5,
            "privacy": [corner],
            "publish_scores": True,
            "detection": {"profile": "plain", "min_changed": 50, "max_changed": 100},
            "recording": {"post_frames": 5, "timestamp": False},
        }
        agent = house.agent()
        agent.wait_for_line("live: ")
        wait_until("it is judged", lambda: len(ear.payloads(YARD.score)) > 5)
        camera.say("visit")
        wait_until("an event", lambda: said(ear, YARD.event_motion))
        camera.say("empty")
        saved = wait_until("its clip", lambda: said(ear, YARD.event_recording))
        assert saved[0]["event_type"] == "recording_saved", saved
        day = house.store / Path(saved[0]["path"]).parents[1]
        line = json.loads((day / "events.jsonl").read_text().splitlines()[-1])
        files = {name: day / file["name"] for name, file in line["files"].items()}
        assert agent.stop() == 0
    with av.open(str(files["clip"])) as container:
        shown = [it.to_ndarray(format="gray") for it in container.decode(video=0)]
    assert shown[0].shape == (480, 640)
    assert shown[0][300:].mean() < 60, "begins before the visit"
    assert max(it[300:].mean() for it in shown) > 150, "shows it"
    assert max(int(it[20:200, 20:300].max()) for it in shown) < 40, "is black where nobody may look"
    for name in ("n", "best"):
        picture = files[name].read_bytes()
        colour = decode_colour(picture)
        assert dimensions(picture) == (480, 640)
        assert colour is not None
        assert colour[20:200, 20:300].max() < 40
        if name == "n":  # the best may be of the end: as much changes then
            assert colour[300:].mean() > 150
    assert verify_store(house.store).good
    assert "Traceback" not in agent.log
    assert "pw-123" not in agent.log
