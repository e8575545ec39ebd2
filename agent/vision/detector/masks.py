"""The mask: a grey PNG in the shape of the stored picture, white where motion counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError
from agent.imaging.jpeg import allowed
from agent.imaging.orientation import Orientation

Grey = npt.NDArray[np.uint8]

#: From this grey level on a mask's pixel looks.
LOOKS_FROM = 128

#: PNG specification, sections 5.2 and 11.2.2: signature; IHDR is first, with width, height, bit
#: depth and colour type at these places.
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 33
#: Bounds what a wrong path can make us read; a mask of 12 million pixels has some 100 kB.
_MOST_BYTES = 16 * 2**20
_GREY, _COLOUR = 0, 2
_REFUSED = {3: "has a palette", 4: "has an alpha channel", 6: "has an alpha channel"}
#: Pixels by which a picture's height may differ from that of the mask scaled to its width: encoders
#: round sizes.
_ROUNDED = 2.0
_FIX = "save it as an 8-bit greyscale PNG without transparency, white looks, black does not"


@dataclass(frozen=True, slots=True)
class Mask:
    """A loaded mask.

    Attributes:
        path: where it came from, for messages.
        grey: uint8 (H, W), read-only, already turned into the camera's orientation, so that no
            frame has to be turned to be judged.
    """

    path: Path
    grey: Grey = field(repr=False)

    def check_size(self, height: int, width: int) -> None:
        """Compares with the size of the camera's frames, which only the first frame tells.

        Raises:
            ConfigError: they differ; names both sizes.
        """
        if self.grey.shape != (height, width):
            ours = f"{self.grey.shape[1]}x{self.grey.shape[0]}"
            raise ConfigError(
                f"mask {self.path}: is {ours}, but the camera's pictures are {width}x{height};"
                f" paint the mask over a snapshot of this camera"
            )

    def scaled(self, height: int, width: int) -> Mask:
        """The same mask in another size; a pixel looks when half of what it stands for does."""
        if self.grey.shape == (height, width):
            return self
        grey = cv2.resize(self.grey, (width, height), interpolation=cv2.INTER_AREA)
        if int(grey.max()) < LOOKS_FROM:  # thin lines: rather a little more than nothing
            grey = np.where(np.asarray(grey) > 0, np.uint8(255), np.uint8(0))
        return Mask(self.path, np.asarray(grey, np.uint8))

    def for_pictures(self, height: int, width: int) -> Mask:
        """The mask for pictures of this size: scaled where their shape is the mask's.

        Raises:
            ConfigError: they have another shape; names both sizes.
        """
        own_height, own_width = self.grey.shape
        if abs(own_height * width / own_width - height) > _ROUNDED:
            self.check_size(height, width)
        return self.scaled(height, width)


def mask_of(grey: Grey, orientation: Orientation) -> Mask:
    """A mask that was painted on the page over a stored picture.

    Raises:
        ConfigError: no pixel looks.
    """
    turned = orientation.picture(grey)
    if int(turned.max()) < LOOKS_FROM:
        raise ConfigError("the painted mask covers the whole picture: nothing would be judged")
    turned.flags.writeable = False
    return Mask(Path("painted"), turned)


def load_mask(path: Path, orientation: Orientation) -> Mask:
    """Reads a mask that was painted over a stored picture.

    A colour PNG is taken as well when it shows nothing but greys: that is what simple paint
    programs write.

    Raises:
        ConfigError: missing, unreadable, not such a PNG, or without one pixel that looks.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"mask {path}: no such file") from None
    except OSError as error:
        raise ConfigError(f"mask {path}: cannot be read: {error.strerror}") from error
    _check_header(path, data)
    grey = orientation.picture(_decode(path, data))
    if int(grey.max()) < LOOKS_FROM:
        raise ConfigError(
            f"mask {path}: is all black, so nothing would be judged;"
            f" pixels of {LOOKS_FROM} and above look"
        )
    grey.flags.writeable = False
    return Mask(path, grey)


def _check_header(path: Path, data: bytes) -> None:
    if not data.startswith(_SIGNATURE) or len(data) < _HEADER_BYTES:
        raise ConfigError(f"mask {path}: is no PNG; {_FIX}")
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if not allowed(height, width):
        raise ConfigError(f"mask {path}: {width}x{height} is larger than any camera's picture")
    depth, colours = data[24], data[25]
    if colours not in {_GREY, _COLOUR}:
        raise ConfigError(f"mask {path}: {_REFUSED.get(colours, 'is damaged')}; {_FIX}")
    if depth > 8:
        raise ConfigError(f"mask {path}: has {depth} bits per pixel; {_FIX}")
    if len(data) > _MOST_BYTES or not _is_whole(data):
        raise ConfigError(f"mask {path}: is damaged; {_FIX}")


def _is_whole(data: bytes) -> bool:
    """True when the chunks, as long as they say, end with the file: a decoder trusts a length.

    One of 4 GB in a file of 156 bytes is allocated. Animations are no masks either.
    """
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        at += 12 + length
        if kind in {b"IEND", b"acTL"}:
            return kind == b"IEND" and at <= len(data)
    return False


def _decode(path: Path, data: bytes) -> Grey:
    try:
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ConfigError(f"mask {path}: is damaged; {_FIX}") from error
    if picture is None:
        raise ConfigError(f"mask {path}: is damaged; {_FIX}")
    blue, green, red = (picture[:, :, channel] for channel in range(3))
    if not (np.array_equal(blue, green) and np.array_equal(green, red)):
        raise ConfigError(f"mask {path}: is coloured; {_FIX}")
    return np.ascontiguousarray(blue, dtype=np.uint8)
