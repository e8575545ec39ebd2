"""Where to look, and what counts: squares around the motion, boxes there and back. Pure.

The figures come from 177 events and 417 empty boxes of the detector (docs/how-to/classify.md).
"""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]  # x, y, width, height in 0..1 of the picture

#: Two looks at a picture: the square's side in motion boxes, and at least that part of the
#: picture's height. Persons set small into 1920x1080: both together find 33 of 33 and 30 of 30
#: where a look at the whole picture finds 8. One look more finds nothing more.
LOOKS = ((2.0, 0.25), (3.0, 0.5))
#: One more where both were in vain: somebody near who moves only a hand does not fit into them.
#: Of 70 events with persons two looks missed 4; it found 2 of these (YOLOX-nano).
LAST_LOOK = (3.0, 1.0)
#: A thing counts when it covers the middle of the motion, or overlaps this part of the smaller of
#: both areas. A parked car next to a walker does neither.
OVERLAPS = 0.3


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, in pixels, and how it is put into the network's square.

    It is shrunk or enlarged by `scale` and stands at the square's top left corner, as YOLOX was
    trained; the rest is filled.
    """

    x: int
    y: int
    width: int
    height: int
    scale: float

    @property
    def scaled(self) -> tuple[int, int]:
        """(width, height) in the square."""
        return max(1, round(self.width * self.scale)), max(1, round(self.height * self.scale))

    def back(self, box: Box, height: int, width: int) -> Box:
        """A box of the square, x, y, width, height in its pixels, as one of the whole picture.

        Args:
            box: may reach beyond the square; what is outside the picture is cut off.
            height: of the picture in pixels.
            width: the same.
        """
        x, y, w, h = (side / self.scale for side in box)
        left, top = _within((self.x + x) / width), _within((self.y + y) / height)
        right, bottom = _within((self.x + x + w) / width), _within((self.y + y + h) / height)
        return left, top, right - left, bottom - top


def _within(part: float) -> float:
    return min(1.0, max(0.0, part))


def crops(motion: Box | None, height: int, width: int, side: int) -> list[Crop]:
    """The squares to look at, each once, cut at the picture's edge; the third may be left out.

    Args:
        motion: where something moved; None: somewhere.
        height: of the picture in pixels.
        width: the same.
        side: of the network's square in pixels.
    """
    if motion is None:
        return [_crop(0, 0, width, height, side)]
    x, y, w, h = motion
    longest = max(w * width, h * height)
    found = []
    for boxes, part in (*LOOKS, LAST_LOOK):
        square = round(max(boxes * longest, part * height))
        across, down = min(square, width), min(square, height)
        left = round((x + w / 2) * width - across / 2)
        top = round((y + h / 2) * height - down / 2)
        # near an edge the square is moved inwards: as much of the picture as can be
        left, top = min(max(0, left), width - across), min(max(0, top), height - down)
        found.append(_crop(left, top, across, down, side))
    return list(dict.fromkeys(found))


def _crop(x: int, y: int, width: int, height: int, side: int) -> Crop:
    return Crop(x, y, width, height, side / max(width, height, 1))


def counts(thing: Box, motion: Box | None) -> bool:
    """True for a thing that is where something moved."""
    if motion is None:
        return True
    x, y, w, h = motion
    middle_x, middle_y = x + w / 2, y + h / 2
    covers = (
        thing[0] <= middle_x <= thing[0] + thing[2] and thing[1] <= middle_y <= thing[1] + thing[3]
    )
    return covers or overlap(thing, motion) >= OVERLAPS


def overlap(one: Box, other: Box) -> float:
    """The common part in parts of the smaller box; 0 for boxes without area."""
    smaller = min(one[2] * one[3], other[2] * other[3])
    return _common(one, other) / smaller if smaller > 0 else 0.0


def likeness(one: Box, other: Box) -> float:
    """The common part in parts of both together (intersection over union)."""
    common = _common(one, other)
    both = one[2] * one[3] + other[2] * other[3] - common
    return common / both if both > 0 else 0.0


def _common(one: Box, other: Box) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0.0, across) * max(0.0, down)
