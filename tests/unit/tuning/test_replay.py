"""Replays: the same decisions as live, in seconds of the clip."""

from dataclasses import replace as changed
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.core.frame import Frame
from agent.core.messages import FrameScored, MotionEnded, MotionStarted, Reason
from agent.core.state import vision_settings
from agent.imaging.stamp import stamp
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.tuning.clips import Clip, open_clip
from agent.tuning.replay import Replay, replay, without_stamp
from agent.tuning.results import lines
from agent.vision.worker import VisionOptions, VisionWorker
from agent.vision.zones import View
from schemas.camera_config import CameraConfig
from tests.support.clock import FakeClock
from tests.support.garden import BUSH_AT, LAMP_AT, VISITOR_AT, write_folder, write_video

BELOW_SKY = ((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0))


def camera(**keys: object) -> CameraConfig:
    detection = {"profile": "plain"}
    return CameraConfig.model_validate(
        {"source": "file:x", "analysis_fps": 4, "detection": detection, **keys}
    )


def one(clip: Clip, config: CameraConfig, *, pictures: bool = False) -> Replay:
    view = View(zones=config.zones, privacy=config.privacy)
    return replay(clip, [(config, view)], pictures=pictures)[0]


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("clips") / "garden")


def test_events_are_found_at_their_seconds(garden: Path) -> None:
    result = one(open_clip(f"{garden}?fps=4"), camera())
    starts = [event.start for event in result.events]
    assert starts == [8.0, 14.0, 36.0, 42.0, 64.0], "a bush and a visitor close by are one event"
    assert set(VISITOR_AT) <= set(starts) <= set(VISITOR_AT + BUSH_AT)
    assert all(event.end > event.start for event in result.events)
    (lamp,) = result.suppressed
    assert (lamp.t, lamp.detection.reason) == (LAMP_AT[0], Reason.TOO_MUCH)
    assert (result.frames, len(result.decisions), result.seconds) == (288, 288, 71.75)


def test_a_replay_decides_as_the_live_agent_does(garden: Path) -> None:
    clip, config = open_clip(f"{garden}?fps=4"), camera(analysis_fps=3)
    result = one(clip, config)
    said: list[object] = []
    vision = VisionWorker(
        "yard",
        VisionOptions(profile="plain", analysis_fps=3.0),
        changed(vision_settings(config.settings()), monitoring_interval=0.0, scores=True),
        Mailbox("frames", 4, WhenFull.DROP_OLDEST),
        Mailbox("orders", 4, WhenFull.REFUSE),
        said.append,
        lambda _part, _size: True,
        FakeClock(),
    )
    files = sorted(garden.iterdir(), key=lambda it: int(it.stem.partition("_")[2]))
    for number, file in enumerate(files):
        vision.take_frame(Frame(file.read_bytes(), number / 4, number, 1))
    seen = [it.detection for it in said if isinstance(it, FrameScored)]
    assert [it.detection for it in result.decisions] == seen
    starts = [it.at for it in said if isinstance(it, MotionStarted)]
    assert [event.start for event in result.events] == starts
    ends = [it.at for it in said if isinstance(it, MotionEnded)]
    assert [event.end for event in result.events][: len(ends)] == ends


def test_a_video_gives_the_events_of_its_frames(garden: Path, tmp_path: Path) -> None:
    from_folder = one(open_clip(f"{garden}?fps=4"), camera())
    from_video = one(open_clip(str(write_video(tmp_path / "v.mp4"))), camera())
    assert [it.start for it in from_video.events] == [it.start for it in from_folder.events]
    for ours, theirs in zip(from_video.events, from_folder.events, strict=True):
        assert ours.peak.score == pytest.approx(theirs.peak.score, rel=0.05)


def test_only_frames_at_the_analysis_rate_are_judged(garden: Path) -> None:
    result = one(open_clip(f"{garden}?fps=30"), camera(analysis_fps=3))
    assert len(result.decisions) == pytest.approx(288 / 30 * 3, abs=2)
    assert result.frames == 288


def test_several_configurations_share_one_pass(garden: Path) -> None:
    clip = open_clip(f"{garden}?fps=4")
    strict = camera(detection={"profile": "plain", "min_changed": 2.0})
    told: list[int] = []
    loose_result, strict_result = replay(clip, [(camera(), View()), (strict, View())], told.append)
    assert [event.start for event in strict_result.events] == list(VISITOR_AT)
    assert len(loose_result.events) == 5
    assert sum(told) == 288


def test_zones_hold_in_a_replay(garden: Path) -> None:
    config = camera(zones={"lawn": {"polygon": BELOW_SKY}})
    result = one(open_clip(f"{garden}?fps=4"), config)
    assert [event.start for event in result.events] == list(VISITOR_AT)
    assert {event.peak.zone for event in result.events} == {"lawn"}


def test_pictures_are_those_of_the_peak_and_keep_what_is_private(garden: Path) -> None:
    config = camera(privacy=[((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5))])
    result = one(open_clip(f"{garden}?fps=4"), config, pictures=True)
    assert all(event.pictures for event in result.events)
    shown = [it.pictures.scene for it in result.events if it.pictures]
    for data in [*shown, result.scene]:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert picture[:110, :150].max() < 12
    assert one(open_clip(f"{garden}?fps=4"), config).events[0].pictures is None


def test_where_motion_was_is_counted(garden: Path) -> None:
    result = one(open_clip(f"{garden}?fps=4"), camera())
    assert result.heat[10, 52] > 8, "the bush"
    assert result.heat[30, 20] > 2, "the way of the visitors"
    assert result.heat[2, 2] == 0


def test_a_cut_ends_the_event_and_is_not_taken_for_motion(garden: Path) -> None:
    clip = open_clip(f"{garden}?fps=4")

    def with_cut() -> object:
        for shot in clip.shots():
            shot.first = shot.first or shot.index == 66
            yield shot

    cut = changed(clip, shots=with_cut)  # type: ignore[arg-type]  # a generator is an iterator
    events = one(cut, camera()).events
    assert (events[1].start, events[1].end) == (14.0, 16.25)
    assert events[2].start == 17.25, "the first three frames after a cut are not judged"


def test_the_burnt_in_time_is_no_motion(garden: Path) -> None:
    clip = open_clip(f"{garden}?fps=4")

    def stamped() -> object:
        for shot in clip.shots():
            picture = shot.luma()
            assert picture is not None
            wide = cv2.resize(picture, (640, 480)).astype(np.uint8)
            stamp(wide, f"2026-11-22 08:15:{shot.index % 60:02}.{shot.index % 10} +01:00")
            shot._luma = wide
            yield shot

    own = changed(clip, stamped=True, shots=stamped)  # type: ignore[arg-type]  # the same
    foreign = changed(own, stamped=False)
    keen = camera(detection={"profile": "plain", "min_changed": 0.02})
    quiet = one(own, keen)
    assert [it.start for it in quiet.events] == [8.0, 14.0, 36.0, 42.0, 64.0]
    assert len(one(foreign, keen).events) < 5, "all the time something changes"


def test_a_picture_too_small_for_the_time_is_looked_at_whole() -> None:
    assert without_stamp(View(), 8, 8) == View()


def test_damaged_frames_are_counted_and_are_no_motion(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8 torn")
    result = one(open_clip(f"{tmp_path}?fps=4"), camera())
    assert (result.damaged, result.decisions, result.events) == (12, [], [])
    assert lines(result)[1] == "  damaged: all of those looked at could not be decoded"


def test_some_damaged_frames_are_told(tmp_path: Path, garden: Path) -> None:
    for number, picture in enumerate(sorted(garden.glob("*.jpg"))[:12]):
        data = picture.read_bytes()
        (tmp_path / f"{number:02}.jpg").write_bytes(data[:300] if number in {7, 9} else data)
    result = one(open_clip(f"{tmp_path}?fps=3"), camera())
    assert lines(result)[-1] == "  damaged: 2 frames of those looked at could not be decoded"


def test_an_event_at_the_end_of_the_clip_ends_with_it(garden: Path) -> None:
    clip = open_clip(f"{garden}?fps=4")

    def short() -> object:
        for shot in clip.shots():
            if shot.at > 16:
                return
            yield shot

    events = one(changed(clip, shots=short), camera()).events  # type: ignore[arg-type]  # the same
    assert (events[-1].start, events[-1].end) == (14.0, 16.0)
