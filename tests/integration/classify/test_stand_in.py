"""What a look is worth, end to end: the process, the crops, the rules."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from agent.classify.labels import COCO, grouped
from agent.classify.model_files import ModelFiles
from agent.classify.naming import best_of
from agent.classify.network import Network
from agent.core.event_label import Label
from tests.support.stand_in_network import onnx, yolox_answer

MOTION = (0.45, 0.45, 0.05, 0.1)


def looks_of(network: Network) -> int:
    """How often the network is run for one picture."""
    count = 0
    run = network._run

    def counted(square: np.ndarray) -> np.ndarray:
        nonlocal count
        count += 1
        return run(square)

    network._run = counted  # type: ignore[method-assign]
    picture = np.full((1080, 1920, 3), 90, np.uint8)
    network.look(picture, MOTION)
    return count


def network(folder: Path, word: str, score: float) -> Network:
    path = folder / "own.onnx"
    path.write_bytes(onnx(yolox_answer([(word, score, (100, 100, 120, 120))])))
    cv2.setNumThreads(1)
    return Network(ModelFiles("own", "yolox", grouped(COCO), path))


def test_a_third_look_is_taken_only_where_two_saw_nothing_sure(tmp_path: Path) -> None:
    assert looks_of(network(tmp_path, "person", 0.9)) == 2
    assert looks_of(network(tmp_path, "person", 0.5)) == 3
    assert looks_of(network(tmp_path, "cell_phone", 0.9)) == 3


def test_the_things_of_every_look_lie_around_the_motion(tmp_path: Path) -> None:
    made = network(tmp_path, "dog", 0.9)
    seen = made.look(np.full((1080, 1920, 3), 90, np.uint8), MOTION)
    assert len(seen) == 2
    assert best_of(seen, MOTION)[Label.ANIMAL].word == "dog"
