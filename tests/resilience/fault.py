"""What a fault is: it is done, lasts, is undone; then the agent has to be well again by itself."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from datetime import datetime
from typing import ClassVar

from tests.resilience.lab import Lab

#: Seconds that the camera is left alone after a failed opening (proven: the known client's rest).
REST = 15.0


class Fault(ABC):
    """One thing that breaks; a new object for each time.

    Attributes:
        name: as it stands in the report.
        needs: of the house, see `Setup.needs`.
        hold: shortest and longest time that it lasts, in seconds.
        limit: seconds after its end until the agent has to be well again, rests included.
        loses_frames: while it lasts the agent cannot be expected to see visits.
        zone: the agent's time zone has to be this.
        leaves: what problems begin with that may be left: the agent looks again after a minute.
        once: it cannot be there twice in one run, or beside one of the same word.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset()
    hold: ClassVar[tuple[float, float]] = (1.0, 3.0)
    limit: ClassVar[float] = 10.0
    loses_frames: ClassVar[bool] = False
    leaves: ClassVar[str] = ""
    once: ClassVar[str] = ""
    zone: ClassVar[str] = "UTC"

    def __init__(self, chance: random.Random) -> None:
        self.chance = random.Random(chance.random())
        self.begins = 0.0  # seconds after the start of the run's faulty part
        self.lasts = self.chance.uniform(*self.hold)

    def ahead(self, now: datetime) -> float:
        """Seconds that the agent's clock has to be ahead of the machine's from the start on."""
        del now
        return 0.0

    def prepare(self, lab: Lab) -> None:  # noqa: B027  most need nothing
        """Before the agent starts: what its configuration and the house need for it."""

    @abstractmethod
    def inject(self, lab: Lab) -> None:
        """Breaks it."""

    @abstractmethod
    def heal(self, lab: Lab) -> None:
        """Mends it."""

    def clear_up(self, lab: Lab) -> None:  # noqa: B027  most leave nothing
        """After the agent's end: takes away what the laboratory put into the store."""
