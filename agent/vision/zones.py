"""What of the picture is looked at: mask, zones and privacy polygons, as areas to be judged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agent.core.errors import ConfigError
from agent.core.orders import VisionSettings
from agent.imaging.orientation import Orientation
from agent.imaging.polygons import Polygons, raster
from agent.vision.detector.masks import LOOKS_FROM, Mask, load_mask
from schemas.camera_config import CameraConfig
from schemas.zones import Zone

log = logging.getLogger(__name__)

Plane = npt.NDArray[np.uint8]

#: A mask that leaves less than this percent of the picture is more often a mistake than a wish.
_LITTLE = 10.0
#: Without a mask there is no size before the first frame; fine enough to say what is covered.
_TRIAL_SIZE = (480, 640)
#: Pixels of the longer side of the picture in which a view is tried: 64 polygons over a picture
#: of 4K take seconds and hundreds of megabytes.
_TRIED_IN = 640


@dataclass(frozen=True, slots=True)
class Area:
    """Pixels that are judged together, in the camera's orientation.

    Attributes:
        mask: as the detector takes it; None: the whole picture.
        zone: whose thresholds hold; None: the camera's.
        names: the zones that these pixels belong to; each uint8 (H, W), 0 or 255.
    """

    mask: Mask | None = None
    zone: Zone | None = None
    names: Mapping[str, Plane] = field(default_factory=dict, repr=False)

    def settings(self, settings: VisionSettings) -> VisionSettings:
        """The camera's settings with the zone's own thresholds in their places."""
        own = self.zone
        if own is None:
            return settings
        threshold, least = own.pixel_threshold, own.min_changed
        return replace(
            settings,
            pixel_threshold=settings.pixel_threshold if threshold is None else threshold,
            min_changed=settings.min_changed if least is None else least,
            max_changed=own.most,
        )

    def fitted(self, height: int, width: int) -> Area:
        """The same area in planes of another size; a pixel looks when half of it does."""
        mask, size = self.mask, (width, height)
        if mask is None or mask.grey.shape == (height, width):
            return self
        names = {
            name: cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
            for name, plane in self.names.items()
        }
        return Area(mask.scaled(height, width), self.zone, names)

    def zone_of(self, changed: Plane) -> str | None:
        """The zone with the most changed pixels, or None when they lie in no zone."""
        if len(self.names) == 1 and self.zone is not None:
            return next(iter(self.names))
        counts = {
            name: int(cv2.countNonZero(cv2.bitwise_and(changed, plane)))
            for name, plane in self.names.items()
        }
        best = max(counts, key=lambda name: counts[name], default=None)
        return best if best is not None and counts[best] else None

    def zones_of(self, changed: Plane, box: tuple[int, int, int, int]) -> tuple[str, ...]:
        """The zones that a blob is in: with half of what changed in its box, else with the most.

        The one with the most is the first.

        Args:
            changed: uint8 (h, w), not 0 where a pixel changed.
            box: left, top, width, height in pixels of it.
        """
        if len(self.names) == 1 and self.zone is not None:
            return tuple(self.names)
        x, y, w, h = box
        here = np.s_[y : y + h, x : x + w]
        blob = changed[here]
        counts = {
            name: cv2.countNonZero(cv2.bitwise_and(blob, plane[here]))
            for name, plane in self.names.items()
        }
        most = max(counts.values(), default=0)
        enough = min(most, cv2.countNonZero(blob) / 2)
        inside = [name for name, count in counts.items() if most and count >= enough]
        return tuple(sorted(inside, key=lambda name: -counts[name]))


@dataclass(frozen=True, slots=True)
class View:
    """What the configuration says about one camera's picture.

    The judged pixels are those that the mask allows, outside of ignored zones and privacy polygons.
    If there is a zone with `look`, only the pixels of such zones are judged. Each zone with its own
    thresholds is judged separately, the rest together.

    Attributes:
        mask: in the camera's orientation.
        zones, privacy: in 0..1 of the stored picture.
        orientation: from the camera's picture to the stored one.
    """

    mask: Mask | None = None
    zones: Mapping[str, Zone] = field(default_factory=dict)
    privacy: Polygons = ()
    orientation: Orientation = field(default_factory=Orientation)

    def areas(self, height: int, width: int) -> tuple[Area, ...]:
        """The areas to be judged in frames of this size; at least one.

        Raises:
            ConfigError: the mask has another shape, or nothing is left to look at.
        """
        mask = None if self.mask is None else self.mask.for_pictures(height, width)
        if not self.zones and not self.privacy:
            return (Area(mask),)
        grey = self._looking(mask, height, width)
        looked_at = {name: zone for name, zone in self.zones.items() if zone.mode != "ignore"}
        alone = {name: zone for name, zone in looked_at.items() if zone.judged_alone}
        together = {name: zone for name, zone in looked_at.items() if name not in alone}
        areas = [
            Area(self._mask_of(np.where(plane > 0, grey, 0), name), zone, {name: plane})
            for name, zone in alone.items()
            for plane in [self._plane((zone.polygon,), height, width)]
        ]
        rest = grey.copy()
        rest[self._plane(tuple(z.polygon for z in alone.values()), height, width) > 0] = 0
        if together or not alone:
            if together:
                union = tuple(zone.polygon for zone in together.values())
                rest[self._plane(union, height, width) == 0] = 0
            names = {
                name: self._plane((zone.polygon,), height, width) for name, zone in together.items()
            }
            areas.insert(0, Area(self._mask_of(rest, *together), None, names))
        return tuple(areas)

    def check(self, where: str) -> None:
        """Tries the areas before the first frame comes; warns when little is left.

        Args:
            where: the configuration key of the camera, for messages.

        Raises:
            ConfigError: see `areas`.
        """
        height, width = _TRIAL_SIZE if self.mask is None else self.mask.grey.shape[:2]
        try:
            share = self._share_of(height, width)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from None
        if share < _LITTLE:
            log.warning(
                "%s: mask, zones and privacy leave only %.1f %% of the picture to look at",
                where,
                share,
            )

    def _share_of(self, height: int, width: int) -> float:
        """The same as `share`; what is too fine for a small picture is looked for in the whole."""
        try:
            return self.share(height, width)
        except ConfigError:
            return self._share(height, width)

    def scaled_mask(self, height: int, width: int) -> str:
        """Words for people where the mask is scaled to pictures of this size; else empty.

        Raises:
            ConfigError: they have another shape than the mask.
        """
        if self.mask is None or self.mask.for_pictures(height, width) is self.mask:
            return ""
        own_height, own_width = self.mask.grey.shape
        size = f"{own_width}x{own_height}"
        return f"mask {self.mask.path}: is {size}, is scaled to the pictures' {width}x{height}"

    def share(self, height: int, width: int) -> float:
        """Percent of the picture that is judged, found in a small picture.

        Raises:
            ConfigError: see `areas`; nothing is left in a picture of 640 pixels.
        """
        mask = None if self.mask is None else self.mask.for_pictures(height, width)
        small = small_size(height, width)
        return replace(self, mask=Area(mask).fitted(*small).mask)._share(*small)  # noqa: SLF001  its own kind

    def _share(self, height: int, width: int) -> float:
        looked_at: Plane = np.zeros((height, width), np.uint8)
        for area in self.areas(height, width):
            if area.mask is None:
                return 100.0
            looked_at |= area.mask.grey
        return 100.0 * int(np.count_nonzero(looked_at >= LOOKS_FROM)) / (height * width)

    def _ignored(self) -> dict[str, Zone]:
        return {name: zone for name, zone in self.zones.items() if zone.mode == "ignore"}

    def _plane(self, polygons: Polygons, height: int, width: int) -> Plane:
        """The polygons as pixels of the camera's picture."""
        return self.orientation.picture(raster(polygons, height, width))

    def _looking(self, mask: Mask | None, height: int, width: int) -> Plane:
        """The mask without ignored zones and privacy polygons, uint8 (H, W), grey as it was."""
        whole: Plane = np.full((height, width), 255, np.uint8)
        grey = whole if mask is None else mask.grey.copy()
        ignored = tuple(zone.polygon for zone in self._ignored().values())
        grey[self._plane(ignored + self.privacy, height, width) > 0] = 0
        return grey

    def _mask_of(self, grey: Plane, *zones: str) -> Mask:
        """A mask that looks somewhere.

        Raises:
            ConfigError: it does not; names what covers it.
        """
        if int(grey.max()) < LOOKS_FROM:
            what = f"zones {', '.join(zones)}: nothing" if zones else "nothing"
            covering = [f"ignored zone {name}" for name in self._ignored()]
            covering += ["the mask"] if self.mask is not None else []
            covering += ["privacy polygons"] if self.privacy else []
            raise ConfigError(f"{what} is left to look at; covered by: {', '.join(covering)}")
        path = Path("zones") if self.mask is None else self.mask.path
        return Mask(path, np.ascontiguousarray(grey))


def small_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the same picture with at most 640 pixels on its longer side."""
    scale = min(1.0, _TRIED_IN / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def view_of(name: str, camera: CameraConfig, orientation: Orientation | None = None) -> View:
    """What the configuration wants judged and hidden, tried out.

    Args:
        name: the camera's id.
        camera: its configuration.
        orientation: of the pictures; default: as the configuration has it.

    Raises:
        ConfigError: a mask that cannot be used, or nothing left to look at.
    """
    if orientation is None:
        orientation = Orientation(camera.rotate, flip_h=camera.flip_h, flip_v=camera.flip_v)
    mask = load_mask(camera.mask, orientation) if camera.mask else None
    view = View(mask, camera.zones, camera.privacy, orientation)
    view.check(f"cameras.{name}")
    return view
