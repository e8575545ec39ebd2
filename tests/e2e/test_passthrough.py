"""A camera with one stream of video: what it sends is judged, and recorded as it came."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import av
import pytest

from agent.storage.verify.store import verify_store
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import YARD, House
from tests.support.rtsp_camera_process import RtspCamera
from tests.support.waiting import wait_until

BRIGHT = 150


def levels(path: Path) -> list[float]:
    """The mean of each picture."""
    with av.open(str(path)) as container:
        return [float(it.to_ndarray(format="gray").mean()) for it in container.decode(video=0)]


def keys(path: Path) -> list[int]:
    """Which pictures are key pictures, in order of decoding."""
    with av.open(str(path)) as container:
        return [n for n, it in enumerate(container.demux(video=0)) if it.size and it.is_keyframe]


def streams(path: Path) -> list[str]:
    """The tags of its streams; ffprobe complains of nothing."""
    asked = ["ffprobe", "-v", "warning", "-show_entries", "stream=codec_tag_string"]
    done = subprocess.run(
        [*asked, "-of", "csv=p=0", str(path)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return [line.strip(",") for line in done.stdout.split()]


def recorded(house: House, ear: Ear, source: str, **recording: object) -> dict[str, Any]:
    """Somebody is there for a moment; the manifest's line, its files as paths."""
    with RtspCamera("viewer", "pw-123") as camera:
        house.config["cameras"]["yard"] = {
            "source": camera.url(source),
            "analysis_fps": 5,
            "publish_scores": True,
            "rotate": 180,
            # the ball that is always there is less than that, and the visit a little less than all
            "detection": {"profile": "plain", "min_changed": 30, "max_changed": 100},
            "recording": {"post_frames": 5, **recording},
        }
        agent = house.agent(SURVEILLANCE_LOG_LEVEL="DEBUG")
        agent.wait_for_line("yard: live")

        wait_until("quiet pictures are judged", lambda: len(ear.payloads(YARD.score)) > 3)
        camera.say("visit")
        wait_until("an event", lambda: ear.payloads(YARD.event_motion))
        camera.say("empty")
        saved = wait_until("a clip", lambda: ear.payloads(YARD.event_recording))
        agent.stop()
    told = json.loads(saved[0])
    assert told["event_type"] == "recording_saved", told
    day = house.store / Path(told["path"]).parents[1]
    line = json.loads((day / "events.jsonl").read_text().splitlines()[0])
    files = {name: day / file["name"] for name, file in line["files"].items()}
    health = json.loads(ear.payloads(YARD.health)[-1])
    report = verify_store(house.store)
    assert not report.damaged, report
    films = [place["file"] for place in line["day"]]
    made = {**line, **files, "told": told, "recorded_as": health["recorded_as"]}
    return {**made, "day": day, "day_files": films}


@pytest.mark.parametrize(
    ("source", "tag", "codec"),
    [("/h264", "avc1", "h264"), ("/bframes", "avc1", "h264"), ("/h265", "hvc1", "h265")],
)
def test_what_the_camera_sends_is_recorded_as_it_is(
    house: House, ear: Ear, source: str, tag: str, codec: str
) -> None:
    line = recorded(house, ear, source)
    assert streams(line["clip"]) == [tag, "tx3g"]
    assert keys(line["clip"]) == [*range(0, line["frames"], 15)], "as the camera has it"
    shown = levels(line["clip"])
    assert max(shown[:3]) < 60, "it begins before the visit"
    assert max(shown) > BRIGHT, "and shows it"
    assert len(shown) == line["frames"]
    assert line["clip_s"] == pytest.approx(line["frames"] / 15, abs=0.5), "the camera's own rate"
    assert (line["stream"], line["truncated"], line["skipped"]) == ("source", False, 0)
    assert line["recorded_as"] == "camera"
    assert line["told"]["codec"] == codec
    assert line["time_drawn"] is False
    assert set(streams(line["day"] / f"{line['day'].name}.mp4")) == {tag}


@pytest.mark.parametrize(
    ("source", "recording", "why"),
    [
        ("/h264", {"timestamp": True}, "h264: recording.timestamp: true"),
        ("/h265", {"format": "h264"}, "h264"),
        ("/mjpeg", {}, "camera"),
    ],
)
def test_what_is_drawn_into_or_comes_as_jpeg_is_encoded(
    house: House, ear: Ear, source: str, recording: dict[str, object], why: str
) -> None:
    line = recorded(house, ear, source, **recording)
    assert streams(line["clip"]) == ["avc1"]
    assert max(levels(line["clip"])) > BRIGHT
    assert (line["stream"], line["recorded_as"]) == ("source", why)


@pytest.mark.parametrize("source", ["/aac", "/sound", "/opus"])
def test_the_cameras_sound_is_recorded_where_it_is_wanted(
    house: House, ear: Ear, source: str
) -> None:
    line = recorded(house, ear, source, audio=True)
    assert streams(line["clip"]) == ["avc1", "mp4a", "tx3g"]
    assert streams(line["day"] / line["day_files"][0]) == ["avc1", "mp4a"]
    with av.open(str(line["clip"])) as clip:
        heard = [(float(it.time or 0), it.samples / it.sample_rate) for it in clip.decode(audio=0)]
    assert heard[0][0] < 0.3, "it begins with the pictures"
    assert sum(length for _, length in heard) == pytest.approx(line["clip_s"], abs=0.5)
