"""What moved: the classifier's answer about one motion event, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Label(StrEnum):
    """What an event is called; the words are Frigate's where it has them."""

    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    UNKNOWN = "unknown"  # looked at and not recognised, or no answer in time


#: The first one that is seen names the event. Who is wanted most stands first.
RANKS = (Label.PERSON, Label.VEHICLE, Label.ANIMAL, Label.UNKNOWN)

ObjectBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Named:
    """An event's name so far.

    Attributes:
        label: what it is.
        model: the name of the network that said so.
        sub_label: the network's own word, such as `dog`; None for `unknown`.
        top_score: the best score so far, 0..1; None for `unknown`.
        object_box: x, y, width, height in 0..1 of the stored picture, where it scored best.
    """

    label: Label
    model: str
    sub_label: str | None = None
    top_score: float | None = None
    object_box: ObjectBox | None = None

    def better_than(self, other: Named | None) -> bool:
        """True for a label that outranks the other's, or for the same one with a better score."""
        if other is None:
            return True
        if self.label is not other.label:
            return RANKS.index(self.label) < RANKS.index(other.label)
        return (self.top_score or 0.0) > (other.top_score or 0.0)

    def fields(self) -> dict[str, Any]:
        """As messages and the manifest have it."""
        return {
            "label": self.label.value,
            "sub_label": self.sub_label,
            "top_score": None if self.top_score is None else round(self.top_score, 3),
            "object_box": self.object_box and tuple(round(it, 4) for it in self.object_box),
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class MotionClassified:
    """The classifier looked at an event once more.

    Attributes:
        camera: the camera's id.
        event_id: the event.
        named: its name so far.
        final: no further look at this event will come.
    """

    camera: str
    event_id: str
    named: Named
    final: bool = False


@dataclass(frozen=True, slots=True)
class ClipNamed:
    """For the recorder: the name so far of the event whose clip is open."""

    event_id: str
    named: Named
