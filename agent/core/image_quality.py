"""How well the camera sees: night, light changes, and the five ways to be blind. Pure.

The measures come from `agent.vision.image_quality`. This module decides what they mean over time.
Every state needs evidence for some time before it is reported, and again before it is withdrawn. A
person who stands before the lens for ten seconds is no fault of the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

# Guessed limits, checked on clips and scenes: tests/integration/vision/test_sight_on_clips.py.
#: Seconds of exactly the same picture: real cameras have noise, a hung one repeats itself.
FROZEN_AFTER = 30.0
#: Even the brightest twentieth of the picture is below: grey levels, with hysteresis.
_DARK, _NO_LONGER_DARK = 30.0, 42.0
#: Mean brightness of day and night, for cameras that keep their colours at night.
_NIGHT, _DAY = 40.0, 60.0
#: Mean difference of the colour channels: an infrared picture is grey, a cloudy day is not.
_GREY, _COLOURED = 1.5, 3.0
#: A change of light between two looks, at least: grey levels, and part of the darker one.
_LIGHT_STEP, _LIGHT_SHARE = 12.0, 0.15
#: Detail below this part of what it used to be is blurred, above that one it is sharp again.
_BLURRED, _SHARP = 0.35, 0.55
#: Shift in percent of the picture's width: masks then do not cover the right places.
_SHIFTED, _BACK = 1.5, 0.9
#: A match below says nothing: fog, darkness, or somebody before the lens.
LEAST_MATCH = 0.3
#: Looks whose median is the usual detail: half an hour at one look in 15 s.
_USUAL = 120
#: Looks after which the usual values are known.
_ENOUGH = 6


@dataclass(frozen=True, slots=True)
class Look:
    """The measures of one picture; None where nothing was measured this time.

    Attributes:
        at: monotonic seconds of the frame.
        brightness: mean luma, 0..255.
        highlights: luma that 5 % of the pixels exceed.
        detail: energy of fine structure over that of the whole picture; no unit.
        colour: mean difference of the colour channels, grey levels.
        shift: (right, down) against the reference in percent of width and height, and how well
            it matches, 0..1.
    """

    at: float
    brightness: float
    highlights: float
    detail: float
    colour: float | None = None
    shift: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about the camera's sight.

    Attributes:
        night: None before the first look.
        brightness: mean luma in percent of white.
        light_changed_at: monotonic seconds of the last sudden change of light.
        shift: (right, down) in percent of the picture; of the last look that could tell.
    """

    night: bool | None = None
    brightness: float | None = None
    light_changed_at: float | None = None
    frozen: bool = False
    dark: bool = False
    blurred: bool = False
    shifted: bool = False
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def problems(self) -> tuple[str, ...]:
        """What makes the camera blind, as codes of the health payload."""
        found = {
            "picture_frozen": self.frozen,
            "picture_dark": self.dark,
            "picture_blurred": self.blurred,
            "view_shifted": self.shifted,
        }
        return tuple(code for code, wrong in found.items() if wrong)


class Latch:
    """A state that changes only after its evidence held for a number of seconds.

    Args:
        rises: seconds of evidence before it is on.
        falls: seconds of the contrary before it is off again.
    """

    def __init__(self, rises: float, falls: float) -> None:
        self._rises = rises
        self._falls = falls
        self._since: float | None = None
        self.on = False

    def update(self, at: float, *, on: bool, off: bool) -> bool:
        """Takes evidence for and against; without any the state stays, and the time restarts."""
        against = off if self.on else on
        if not against:
            self._since = None
        elif self._since is None:
            self._since = at
        if self._since is not None and at - self._since >= (
            self._falls if self.on else self._rises
        ):
            self.on = not self.on
            self._since = None
        return self.on


class SightMachine:
    """Turns looks into a `Sight`."""

    def __init__(self) -> None:
        self._now = Sight()
        self._dark = Latch(30.0, 10.0)
        self._blurred = Latch(60.0, 20.0)
        self._shifted = Latch(60.0, 60.0)
        self._night = Latch(25.0, 25.0)
        self._grey: bool | None = None
        self._usual: dict[bool, list[float]] = {False: [], True: []}
        self._same_since: float | None = None

    @property
    def sight(self) -> Sight:
        """What is known now."""
        return self._now

    def same_picture(self, at: float) -> Sight:
        """Takes a frame that is, to the last bit, the one before."""
        if self._same_since is None:
            self._same_since = at
        if at - self._same_since >= FROZEN_AFTER and not self._now.frozen:
            self._now = replace(self._now, frozen=True)
        return self._now

    def new_picture(self) -> Sight:
        """Takes a frame that differs from the one before; need not be told each time."""
        self._same_since = None
        if self._now.frozen:
            self._now = replace(self._now, frozen=False)
        return self._now

    def look(self, look: Look) -> Sight:
        """Takes the measures of one picture."""
        changed_at = self._light_changed(look)
        dark = self._dark.update(
            look.at, on=look.highlights < _DARK, off=look.highlights > _NO_LONGER_DARK
        )
        night = self._is_night(look)
        blurred = self._is_blurred(look, night=night, dark=dark)
        shifted, shift = self._is_shifted(look)
        self._now = replace(
            self._now,
            night=night,
            brightness=round(look.brightness / 2.55, 1),
            light_changed_at=changed_at,
            dark=dark,
            blurred=blurred,
            shifted=shifted,
            shift=shift,
        )
        return self._now

    def _light_changed(self, look: Look) -> float | None:
        if self._now.brightness is None:
            return None
        before = self._now.brightness * 2.55
        step = abs(look.brightness - before)
        sudden = step > _LIGHT_STEP and step > _LIGHT_SHARE * min(look.brightness, before)
        return look.at if sudden else self._now.light_changed_at

    def _is_night(self, look: Look) -> bool:
        """Grey is night (infrared), and so is dark; colours and brightness are day."""
        if look.colour is not None and (look.colour < _GREY or look.colour > _COLOURED):
            self._grey = look.colour < _GREY
        grey = self._grey is True
        night = grey or look.brightness < _NIGHT
        if self._now.night is None:
            self._night.on = night
            return night
        day = not grey and look.brightness > _DAY
        return self._night.update(look.at, on=night, off=day)

    def _is_blurred(self, look: Look, *, night: bool, dark: bool) -> bool:
        """Compared with what is usual in this light; in the dark there is nothing to compare."""
        usual = self._usual[night]
        if dark or look.highlights < _NO_LONGER_DARK:
            return self._blurred.update(look.at, on=False, off=False)
        if len(usual) < _ENOUGH:
            usual.append(look.detail)
            return self._blurred.update(look.at, on=False, off=False)
        reference = median(usual)
        low, high = look.detail < _BLURRED * reference, look.detail > _SHARP * reference
        if high:  # a blurred picture must not become the usual one
            usual.append(look.detail)
            del usual[:-_USUAL]
        return self._blurred.update(look.at, on=low, off=high)

    def _is_shifted(self, look: Look) -> tuple[bool, tuple[float, float]]:
        if look.shift is None:
            # between two measurements the evidence stands
            return self._shifted.on, self._now.shift
        right, down, match = look.shift
        if match < LEAST_MATCH:
            return self._shifted.update(look.at, on=False, off=False), self._now.shift
        far = max(abs(right), abs(down))
        shifted = self._shifted.update(look.at, on=far > _SHIFTED, off=far < _BACK)
        return shifted, (round(right, 1), round(down, 1))
