"""One picture of a camera, as it travels from the source to the detector and the recorder."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole picture with the time of its last byte.

    Attributes:
        jpeg: the camera's own bytes, from SOI (ff d8) to EOI (ff d9).
        at: monotonic seconds when the last byte arrived; set once, by the source.
        seq: counts delivered frames of this source from 0, for ever.
        session: counts sessions from 1; a new number means: nothing before is comparable.
    """

    jpeg: bytes
    at: float
    seq: int
    session: int
