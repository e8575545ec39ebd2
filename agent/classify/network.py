"""Loads and runs a network with OpenCV. For `agent.classify.child` only: files can abort it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from agent.classify.adapters import ADAPTERS, Adapter, Picture, Seen, Values
from agent.classify.geometry import LOOKS, Box, Crop, counts, crops
from agent.classify.model_files import ModelFiles
from agent.core.errors import ConfigError

#: The score that names an event immediately; without it after two looks they were in vain.
IN_VAIN = 0.6


class Network:
    """A loaded network that has given one answer of the right shape.

    Raises:
        ConfigError: it cannot be loaded or run, or answers something else than its family does.
    """

    def __init__(self, files: ModelFiles) -> None:
        self._adapter: Adapter = ADAPTERS[files.adapter](files.words)
        self._net = _loaded(files)
        self._side = self._proven_side()

    @property
    def side(self) -> int:
        """Pixels of the square that it looks at."""
        return self._side

    def look(self, picture: Picture, motion: Box | None) -> list[Seen]:
        """What is to be seen around the motion, boxes in 0..1 of the picture.

        Args:
            picture: uint8 (H, W, 3) BGR, upright.
            motion: where something moved; None: look at all of it.

        Raises:
            ConfigError: the network cannot be run any more.
        """
        height, width = picture.shape[:2]
        found: list[Seen] = []
        for number, crop in enumerate(crops(motion, height, width, self._side)):
            if number == len(LOOKS) and any(
                seen.score >= IN_VAIN and counts(seen.box, motion) for seen in found
            ):
                break
            square = letterboxed(picture, crop, self._side, self._adapter.fill)
            for seen in self._adapter.things(self._run(square), self._side):
                box = crop.back(seen.box, height, width)
                found.append(Seen(seen.word, seen.label, seen.score, box))
        return found

    def _proven_side(self) -> int:
        """The first of the family's sizes at which it answers as its family does."""
        why = ""
        for side in self._adapter.sides:
            grey = np.full((side, side, 3), self._adapter.fill, np.uint8)
            try:
                self._adapter.check(self._run(grey), side)
            except ConfigError as error:
                why = why or str(error)
            else:
                return side
        raise ConfigError(why)

    def _run(self, square: Picture) -> Values:
        try:
            self._net.setInput(self._adapter.blob(square))
            return np.asarray(self._net.forward(), np.float32)
        except (cv2.error, MemoryError) as error:
            raise ConfigError(f"it cannot be run: {_words(error)}") from None


def letterboxed(picture: Picture, crop: Crop, side: int, fill: int) -> Picture:
    """The part of the picture in the square's top left corner, the rest filled with grey."""
    part = picture[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    shrinks = crop.scale < 1
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled: npt.NDArray[np.uint8] = cv2.resize(
        part, (min(side, crop.scaled[0]), min(side, crop.scaled[1])), interpolation=method
    ).astype(np.uint8, copy=False)
    square = np.full((side, side, 3), fill, np.uint8)
    square[: scaled.shape[0], : scaled.shape[1]] = scaled
    return square


def _loaded(files: ModelFiles) -> cv2.dnn.Net:
    try:
        if files.adapter == "ssd":
            net = cv2.dnn.readNetFromTensorflow(str(files.weights), str(files.graph))
        else:
            net = cv2.dnn.readNetFromONNX(str(files.weights))
    except (cv2.error, MemoryError) as error:
        raise ConfigError(f"OpenCV cannot read it: {_words(error)}") from None
    if net.empty():
        raise ConfigError("OpenCV finds no network in it")
    return net


def _words(error: BaseException) -> str:
    """OpenCV's reason without the file and line of its source, one line."""
    text = " ".join(str(getattr(error, "err", "") or error).split()) or type(error).__name__
    return text[:200]
