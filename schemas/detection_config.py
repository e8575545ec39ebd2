"""How motion is found: `cameras.<id>.detection:`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.base import Strict
from schemas.settings import (
    PLACES,
    SEED_MAX_CHANGED,
    SEED_MIN_CHANGED,
    Place,
    check_limits,
    idle_settings,
    place_of,
)


class DetectionConfig(Strict):
    """`cameras.<id>.detection:`."""

    profile: Literal["robust", "plain", "seed"] = Field(
        "robust",
        description="robust: separates light, noise and weather from visitors; seed: the "
        "original rule",
    )
    sensitivity: Place = Field(
        "normal",
        description="pixel_threshold and min_changed in one; each, where it is given, wins",
    )
    pixel_threshold: int = Field(50, ge=1, le=255, description="grey levels a pixel must change")
    min_changed: float = Field(
        SEED_MIN_CHANGED, ge=0, le=100, description="% of the judged pixels: more is motion"
    )
    max_changed: float = Field(
        SEED_MAX_CHANGED,
        ge=0,
        le=100,
        description="%: this or more is a change of light, no motion; `robust` does not use it",
    )

    @model_validator(mode="before")
    @classmethod
    def _numbers_of_the_place(cls, given: object) -> object:
        """The numbers behind `sensitivity`, where none is given."""
        if not isinstance(given, dict):
            return given
        place = given.get("sensitivity")
        if not isinstance(place, str) or place not in PLACES:
            return given
        threshold, least = PLACES[place]
        return {"pixel_threshold": threshold, "min_changed": least, **given}

    @model_validator(mode="after")
    def _limits_in_order(self) -> DetectionConfig:
        if "max_changed" not in idle_settings(self.profile):
            check_limits(self.min_changed, self.max_changed)
        return self

    def used(self) -> dict[str, str | int | float]:
        """The keys that do something in this profile, with what is in force."""
        idle = idle_settings(self.profile)
        said = {name: it for name, it in self.model_dump(mode="json").items() if name not in idle}
        return {**said, "sensitivity": place_of(self.pixel_threshold, self.min_changed)}
