"""What goes into a network and what its answer means: YOLOX and SSD. Pure.

An adapter knows one family of networks. It makes the network's input and reads its output. Boxes
are in pixels of the network's square.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agent.classify.geometry import Box, likeness
from agent.classify.labels import Words
from agent.core.errors import ConfigError
from agent.core.event_label import Label

Picture = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]

#: What is weaker never counts, not even with a second frame (`second` of `min_score`, which is 0.1
#: at least).
WEAKEST = 0.06
#: Two boxes of the same word with this overlap are one thing, the stronger one: YOLOX's own demo
#: takes 0.45.
SAME_THING = 0.45
#: Boxes of one answer that are looked at, strongest first; a crop of a yard has a dozen.
MOST = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """A thing in a picture: the network's word for it, ours, how sure (0..1), and where."""

    word: str
    label: Label
    score: float
    box: Box


class Adapter(Protocol):
    """A family of networks.

    Attributes:
        fill: grey level around a letterboxed picture.
        sides: of the network's square in pixels; the first that it can be run at is taken.
        second: part of the score that names immediately; enough if a second frame says the same.
    """

    fill: int
    second: float
    sides: tuple[int, ...]

    def blob(self, square: Picture) -> Values:
        """The network's input of a letterboxed picture, uint8 (side, side, 3) BGR."""

    def check(self, output: Values, side: int) -> None:
        """Returns for the answer of a network of this family.

        Raises:
            ConfigError: it is none, or the labels are of another network.
        """

    def things(self, output: Values, side: int) -> list[Seen]:
        """What the network saw of our groups, in pixels of the square, strongest first."""


class Yolox:
    """YOLOX: BGR 0..255; answers (1, cells, 5 + words): box, objectness, words, in three grids.

    x and y count from the cell in cells, width and height are logarithms of cells (Megvii's own
    `demo_postprocess`).
    """

    fill = 114  # what it was trained with
    # 0.4 of 0.6: three frames instead of one nearly double vehicles at night, 15 instead of 8 of
    # 24; of 225 empty places none was called so twice
    second = 2 / 3
    # 320 and 416 had equal results, 320 at 60 % of the time: 33 of 33 persons, one of 417 empty
    # boxes named
    sides: tuple[int, ...] = (320, 416, 640)
    _STRIDES = (8, 16, 32)

    def __init__(self, words: Words) -> None:
        self._words = words
        self._grids: dict[int, tuple[Values, Values]] = {}

    def blob(self, square: Picture) -> Values:
        """See `Adapter`."""
        return np.ascontiguousarray(square.transpose(2, 0, 1)[None], dtype=np.float32)

    def check(self, output: Values, side: int) -> None:
        """See `Adapter`."""
        cells = sum((side // stride) ** 2 for stride in self._STRIDES)
        if output.ndim != 3 or output.shape[:2] != (1, cells) or output.shape[2] < 6:
            raise ConfigError(
                f"it answers {output.shape}, a YOLOX network would (1, {cells}, 5 + words)"
            )
        _check_words(output.shape[2] - 5, self._words)

    def things(self, output: Values, side: int) -> list[Seen]:
        """See `Adapter`."""
        cells = _sound(output[0])
        scores = cells[:, 4:5] * cells[:, 5:]
        place, stride = self._grid(side)
        middle = (cells[:, :2] + place) * stride
        size = np.exp(np.minimum(cells[:, 2:4], 10.0)) * stride
        boxes = np.concatenate([middle - size / 2, size], axis=1)
        best = scores.argmax(axis=1)
        top = scores[np.arange(len(scores)), best]
        return strongest(_known(top, best, boxes, self._words))

    def _grid(self, side: int) -> tuple[Values, Values]:
        """Each cell's place in its grid, and its size in pixels."""
        if side not in self._grids:
            places, strides = [], []
            for stride in self._STRIDES:
                count = side // stride
                y, x = np.mgrid[:count, :count]
                places.append(np.stack((x, y), 2).reshape(-1, 2))
                strides.append(np.full((count * count, 1), stride))
            self._grids[side] = (
                np.concatenate(places).astype(np.float32),
                np.concatenate(strides).astype(np.float32),
            )
        return self._grids[side]


class Ssd:
    """SSD of TensorFlow: RGB -1..1; answers (1, 1, n, 7): -, word, score, left, top, right, bottom.

    The word's number counts from 1, corners are parts of the square.
    """

    fill = 127  # its 0: the training's own padding
    # 85 of 417 empty boxes have a score of 0.4, insects before the lens again and again: no second
    # chance
    second = 1.0
    sides: tuple[int, ...] = (320, 300)

    def __init__(self, words: Words) -> None:
        self._words = words

    def blob(self, square: Picture) -> Values:
        """See `Adapter`."""
        scaled = (square[:, :, ::-1].astype(np.float32) - 127.5) / 127.5
        return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])

    def check(self, output: Values, side: int) -> None:
        """See `Adapter`."""
        if output.ndim != 4 or output.shape[:2] != (1, 1) or output.shape[3] != 7:
            raise ConfigError(f"it answers {output.shape}, an SSD network would (1, 1, n, 7)")
        numbers = output[0, 0, :, 1]
        _check_words(int(numbers.max(initial=0)) + 1, self._words, exact=False)
        del side

    def things(self, output: Values, side: int) -> list[Seen]:
        """See `Adapter`."""
        rows = _sound(output[0, 0])
        left_top, right_bottom = rows[:, 3:5] * side, rows[:, 5:7] * side
        boxes = np.concatenate([left_top, right_bottom - left_top], axis=1)
        return strongest(_known(rows[:, 2], rows[:, 1].astype(int), boxes, self._words))


#: By the name of the family.
ADAPTERS: dict[str, type[Yolox | Ssd]] = {"yolox": Yolox, "ssd": Ssd}


def _check_words(found: int, words: Words, *, exact: bool = True) -> None:
    if found != len(words) if exact else found > len(words):
        raise ConfigError(f"it knows {found} words, the labels name {len(words)}")


def _sound(rows: Values) -> Values:
    """Rows with what is no number are nothing: zeros."""
    return np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, np.float32(0))


def _known(
    scores: npt.NDArray[np.floating], numbers: npt.NDArray[np.intp], boxes: Values, words: Words
) -> Iterator[Seen]:
    """The rows of our groups; what is no number of a word is none."""
    for row in np.flatnonzero(scores >= WEAKEST):
        number = int(numbers[row])
        word, label = words[number] if 0 <= number < len(words) else ("", None)
        if label is not None:
            x, y, w, h = (float(value) for value in boxes[row])
            yield Seen(word, label, min(1.0, float(scores[row])), (x, y, w, h))


def strongest(things: Iterator[Seen]) -> list[Seen]:
    """Strongest first, each thing once."""
    kept: list[Seen] = []
    for one in sorted(things, key=lambda it: it.score, reverse=True):
        if len(kept) >= MOST:
            break
        same = (it for it in kept if it.word == one.word)
        if not any(likeness(one.box, it.box) >= SAME_THING for it in same):
            kept.append(one)
    return kept
