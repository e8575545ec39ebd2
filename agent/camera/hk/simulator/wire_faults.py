"""What a bad wire does to datagrams, by seed. Pure; for the simulator."""

from __future__ import annotations

import random
from dataclasses import dataclass

#: A late datagram is overtaken by one to this number of others.
OVERTAKEN_BY = 3


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities (0..1) for each image datagram."""

    loss: float = 0.0
    repeat: float = 0.0
    reorder: float = 0.0
    garbage: float = 0.0  # a datagram of noise before it


class FaultyWire:
    """Loses, repeats, delays and adds datagrams.

    Each fault is drawn for each datagram, so the n-th one's fate depends on the seed and the
    probabilities alone.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._late: list[tuple[int, bytes]] = []  # how many still overtake it
        self.lost = 0

    def carry(self, datagram: bytes, faults: Faults) -> list[bytes]:
        """What arrives when this is sent, in order; if it is lost, `lost` grows."""
        chances = [self._random.random() for _ in range(4)]
        by = self._random.randint(1, OVERTAKEN_BY)
        noise = self._random.randbytes(self._random.randint(1, 1024))
        arriving = [noise] if chances[3] < faults.garbage else []
        if chances[0] < faults.loss:
            self.lost += 1
        elif chances[2] < faults.reorder:
            self._late.append((by + 1, datagram))
        else:
            arriving.append(datagram)
            if chances[1] < faults.repeat:
                arriving.append(datagram)
        self._late = [(left - 1, late) for left, late in self._late]
        arriving += [late for left, late in self._late if left == 0]
        self._late = [(left, late) for left, late in self._late if left > 0]
        return arriving

    def flush(self) -> list[bytes]:
        """The late ones: nothing follows that could overtake them."""
        late = [datagram for _, datagram in self._late]
        self._late.clear()
        return late
