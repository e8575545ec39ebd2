"""The judging core: what moved in one frame. The live agent and `replay` both use it."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.messages import SUPPRESSING, Detection, Reason
from agent.core.orders import VisionSettings
from agent.vision.detector.detector import Detector, Profile
from agent.vision.zone_stays import Ruling, Stays
from agent.vision.zones import Area, View

log = logging.getLogger(__name__)

Luma = npt.NDArray[np.uint8]

#: A picture is judged in half, a quarter or an eighth of its size, as long as it keeps this width.
#: Four averaged pixels have half of the noise, and rain falls between them. In the scenes and clips
#: of `benchmarks.detection` profile `robust` finds the same as in whole pictures. `plain` flags two
#: thirds of the quiet frames that it flagged there, in more but shorter events.
NARROWEST = 320
_MOST_SCALE = 8


class Judge:
    """Detects in each area of a camera's frames.

    Every area (see `View`) has its own detector. The frame's detection is that of the area that
    decided. Motion goes before suppressed, and suppressed before quiet. Among equals the area
    furthest above its own minimum decides.

    Args:
        profile: of the detector.
        view: what of the picture is judged.

    Raises:
        ConfigError: unknown profile.
    """

    def __init__(self, profile: str, view: View) -> None:
        self._profile = profile
        self._halves = profile != Profile.SEED  # whose rule is the ancestor's, pixel by pixel
        self._view = view
        self._size = (0, 0)  # of the picture
        self._shape = (0, 0)  # of what is judged of it
        self._stays = Stays(view.zones)
        # of no size yet; made now so that an unknown profile is said at the start
        self._detectors = [(Area(), Detector(profile, None, view.orientation))]

    def scale(self, width: int) -> int:
        """What the sides of a picture so wide are divided by before it is judged: 1, 2, 4 or 8."""
        scale = 1
        while self._halves and scale < _MOST_SCALE and width >= 2 * scale * NARROWEST:
            scale *= 2
        return scale

    def judge(
        self,
        luma: Luma,
        seq: int,
        at: float,
        settings: VisionSettings,
        size: tuple[int, int] | None = None,
    ) -> Detection:
        """Judges the next frame.

        Args:
            luma: uint8 (H, W), in the camera's orientation; kept, so nobody may write into it.
            seq: the frame's number.
            at: the frame's monotonic time.
            settings: those in force.
            size: height and width of the picture where `luma` is one `scale` smaller.

        Raises:
            ConfigError: the mask does not fit frames of this shape.
        """
        height, width = size or luma.shape
        if size is None:
            luma = _smaller(luma, self.scale(width))
        if (height, width) != self._size:
            self._fit(height, width, luma.shape)
        detections = [
            self._named(detector.judge(luma, seq, at, area.settings(settings)), area, detector)
            for area, detector in self._detectors
        ]
        if self._stays.needed:
            detections = self._ruled(detections, at, settings.post_frames)
        return detections[0] if len(detections) == 1 else max(detections, key=_weight)

    def binary(self) -> Luma:
        """The changed pixels of the last judged frame, uint8 (H, W), 255 changed; a copy.

        In the camera's orientation, as large as the picture, all areas together.
        """
        changed = self.changed()
        if self._shape == self._size:
            return changed
        height, width = self._size
        whole = cv2.resize(changed, (width, height), interpolation=cv2.INTER_NEAREST)
        return whole.astype(np.uint8, copy=False)

    def changed(self) -> Luma:
        """As `binary`, at the size at which it was judged."""
        changed = self._detectors[0][1].binary()
        for _, detector in self._detectors[1:]:
            cv2.bitwise_or(changed, detector.binary(), dst=changed)
        return changed

    def forget(self) -> None:
        """What was judged before will not be comparable."""
        self._stays.forget()
        for _, detector in self._detectors:
            detector.forget()

    def _fit(self, height: int, width: int, shape: tuple[int, ...]) -> None:
        """Makes the detectors for pictures of this size, judged as planes of `shape`."""
        areas = [area.fitted(shape[0], shape[1]) for area in self._view.areas(height, width)]
        if note := self._view.scaled_mask(height, width):
            log.info("%s", note)
        turn, size = self._view.orientation, (height, width)
        self._detectors = [(area, Detector(self._profile, area.mask, turn, size)) for area in areas]
        self._size, self._shape = (height, width), (shape[0], shape[1])

    def _ruled(self, detections: list[Detection], at: float, gap: int) -> list[Detection]:
        """The same, where motion counts only when a zone that asks for more says so."""
        blobs: list[tuple[str, ...]] = []
        owners: list[int] = []
        for number, (area, detector) in enumerate(self._detectors):
            if not detections[number].motion:
                continue
            changed = detector.binary()
            found = [area.zones_of(changed, box) for box in detector.blobs()]
            blobs += found
            owners += [number] * len(found)
        of_area: dict[int, Ruling] = {}
        for number, ruling in zip(owners, self._stays.update(at, blobs, gap), strict=True):
            first = of_area.setdefault(number, ruling)
            if first.reason is not Reason.MOTION and ruling.reason is Reason.MOTION:
                of_area[number] = ruling
        return [_as_ruled(it, of_area.get(number)) for number, it in enumerate(detections)]

    def _named(self, detection: Detection, area: Area, detector: Detector) -> Detection:
        """With the name of the zone, where one decided."""
        if not area.names or not (detection.motion or detection.reason in SUPPRESSING):
            return detection
        return detection._replace(zone=area.zone_of(detector.binary()))


def _as_ruled(detection: Detection, ruling: Ruling | None) -> Detection:
    """The detection with what became of its blobs; the largest one that counts speaks for all."""
    if ruling is None:
        return detection
    zone = ruling.zone or detection.zone
    motion = ruling.reason is Reason.MOTION
    return detection._replace(motion=motion, reason=ruling.reason, zone=zone, stay=ruling.stay)


def _weight(detection: Detection) -> tuple[bool, bool, float]:
    """The larger, the more this detection decides about the frame."""
    suppressed = detection.reason in SUPPRESSING
    return detection.motion, suppressed, detection.score / max(detection.min_changed, 1e-6)


def _smaller(luma: Luma, scale: int) -> Luma:
    """The plane at a part of its size, as a decoder makes it: rounded up, each pixel a mean."""
    if scale == 1:
        return luma
    size = -(-luma.shape[1] // scale), -(-luma.shape[0] // scale)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
