"""What networks answer, as arrays: nothing is run here."""

from __future__ import annotations

import numpy as np
import pytest

from agent.classify.adapters import Ssd, Values, Yolox
from agent.classify.labels import COCO, coco_90, grouped
from agent.core.errors import ConfigError
from agent.core.event_label import Label
from tests.support.stand_in_network import yolox_answer

YOLOX = Yolox(grouped(COCO))
SSD = Ssd(grouped(coco_90()))


def test_yolox_boxes_come_back_from_cells_and_logarithms() -> None:
    answer = yolox_answer([("person", 0.8, (100, 60, 50, 120)), ("car", 0.7, (10, 200, 90, 40))])
    YOLOX.check(answer, 320)
    person, car = YOLOX.things(answer, 320)
    assert (person.word, person.label) == ("person", Label.PERSON)
    assert person.score == pytest.approx(0.8)
    assert person.box == pytest.approx((100, 60, 50, 120), abs=0.01)
    assert car.label is Label.VEHICLE
    assert car.box == pytest.approx((10, 200, 90, 40), abs=0.01)


def test_yolox_answers_recorded_of_a_person_in_a_room() -> None:
    """Three of the strongest of 2,100 cells, as YOLOX-nano gave them for a real picture."""
    answer = np.zeros((1, 2100, 85), np.float32)
    rows = {
        1600 + 4 * 20 + 11: (0.75239086, 0.2863357, 1.2810849, 2.2662616, 0.8620917),
        1600 + 3 * 20 + 11: (0.74823546, 1.2300453, 1.2889016, 2.2787201, 0.85560095),
        1600 + 4 * 20 + 12: (-0.23196027, 0.28035012, 1.3004997, 2.2684984, 0.8490311),
    }
    for cell, (x, y, w, h, score) in rows.items():
        answer[0, cell, :6] = (x, y, w, h, 1.0, score)
    (person,) = YOLOX.things(answer, 320)
    assert person.score == pytest.approx(0.862, abs=0.001)
    assert person.box == pytest.approx((159.2, -8.6, 57.6, 154.3), abs=0.5)


def test_ssd_corners_become_boxes_and_numbers_words() -> None:
    """The first rows that SSD MobileNetV3 gave for the same picture."""
    answer = np.zeros((1, 1, 100, 7), np.float32)
    answer[0, 0, 0] = (0, 1, 0.617, 0.491, 0.022, 0.682, 0.886)
    answer[0, 0, 1] = (0, 72, 0.482, 0.007, -0.005, 0.140, 0.410)
    answer[0, 0, 2] = (0, 18, 0.22, 0.5, 0.4, 0.6, 0.8)
    SSD.check(answer, 320)
    person, dog = SSD.things(answer, 320)
    assert (person.word, dog.word) == ("person", "dog")
    assert person.box == pytest.approx((157.1, 7.0, 61.1, 276.5), abs=0.1)


def test_inputs_are_what_each_family_was_trained_with() -> None:
    square = np.zeros((320, 320, 3), np.uint8)
    square[0, 0] = (255, 128, 0)
    blob = YOLOX.blob(square)
    assert blob.shape == (1, 3, 320, 320)
    assert blob.dtype == np.float32
    assert blob[0, :, 0, 0].tolist() == [255, 128, 0]
    assert SSD.blob(square)[0, :, 0, 0].tolist() == pytest.approx([-1, 0.5 / 127.5, 1])


def test_one_thing_is_seen_once_and_two_are_two() -> None:
    same = yolox_answer([("dog", 0.9, (100, 100, 80, 80)), ("dog", 0.8, (109, 100, 80, 80))])
    assert [it.score for it in YOLOX.things(same, 320)] == [pytest.approx(0.9)]
    two = yolox_answer([("dog", 0.9, (10, 100, 80, 80)), ("dog", 0.8, (200, 100, 80, 80))])
    assert len(YOLOX.things(two, 320)) == 2


def test_what_nobody_looks_for_and_what_is_no_number_is_left_out() -> None:
    answer = yolox_answer([("cell_phone", 0.9, (10, 10, 40, 40)), ("cat", 0.01, (90, 90, 9, 9))])
    assert YOLOX.things(answer, 320) == []
    broken = yolox_answer([("person", 0.9, (100, 100, 40, 40))])
    broken[np.nonzero(broken)] = np.nan
    assert YOLOX.things(broken, 320) == []
    rows = np.full((1, 1, 3, 7), np.inf, np.float32)
    rows[0, 0, :, 1] = (1, 400, -3)
    assert SSD.things(rows, 320) == []


@pytest.mark.parametrize(
    "answer",
    [
        np.zeros((1, 2100, 84), np.float32),
        np.zeros((1, 10, 85), np.float32),
        np.zeros((2100, 85), np.float32),
        np.zeros((1, 1, 100, 7), np.float32),
    ],
)
def test_another_familys_answer_is_refused_with_its_shape(answer: Values) -> None:
    with pytest.raises(ConfigError, match=r"it (answers \(|knows 79 words)"):
        YOLOX.check(answer, 320)
    if answer.ndim != 4:
        with pytest.raises(ConfigError, match="an SSD network would"):
            SSD.check(answer, 320)
