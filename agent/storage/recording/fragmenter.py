"""Encoded pictures in, fragments of at most about a second out. Pure.

One picture is always held back: how long it is shown is known only when the next one comes.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.storage.container.moov import Sample

#: Seconds of a running event that a kill of the agent may cost, and the picture held back.
LONGEST_MS = 1000
#: An event's last picture is shown as long as the one before it, at most this long.
LAST_MS = 1000
#: A single picture: long enough to be seen, short enough to be no freeze.
ONLY_MS = 100


@dataclass(frozen=True, slots=True)
class Cut:
    """A fragment: number `k` of its event, beginning `at_ms` after the event's first picture."""

    k: int
    at_ms: int
    samples: tuple[Sample, ...]
    data: bytes

    @property
    def ms(self) -> int:
        """Milliseconds that it is played."""
        return sum(sample.ms for sample in self.samples)


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes
    key: bool
    at_ms: int
    shift: int


class Cutter:
    """Cuts the pictures of one event; `at_ms` counts from its first one."""

    def __init__(self) -> None:
        self._k = 0
        self._held: _Held | None = None
        self._samples: list[Sample] = []
        self._data: list[bytes] = []
        self._at_ms = 0  # of the first picture in `_samples`
        self._ms = 0
        self._last_ms = ONLY_MS

    def add(self, data: bytes, at_ms: int, *, key: bool, shift: int = 0) -> list[Cut]:
        """Takes the next picture; the fragments that are complete now; `shift` as of `Sample`.

        A fragment begins with every key picture, and when the last one would become too long.
        Times that do not grow are moved on by 1 ms.
        """
        cuts = []
        if self._held is not None:
            at_ms = max(at_ms, self._held.at_ms + 1)
            ms = at_ms - self._held.at_ms
            if self._ms + ms > LONGEST_MS:
                cuts += self.flush()
            self._append(self._held, ms)
            self._last_ms = min(ms, LAST_MS)
            if key:
                cuts += self.flush()
        self._held = _Held(data, key, at_ms, shift)
        return cuts

    def flush(self) -> list[Cut]:
        """What is complete except for the picture held back, if anything."""
        if not self._samples:
            return []
        cut = Cut(self._k, self._at_ms, tuple(self._samples), b"".join(self._data))
        self._k += 1
        self._samples.clear()
        self._data.clear()
        self._ms = 0
        return [cut]

    def turn(self, at_ms: int) -> list[Cut]:
        """All until now, the picture held back included; the next one comes at `at_ms`."""
        cuts: list[Cut] = []
        if self._held is not None:
            ms = max(1, at_ms - self._held.at_ms)
            if self._ms + ms > LONGEST_MS:
                cuts += self.flush()
            self._append(self._held, ms)
            self._held = None
        return cuts + self.flush()

    def finish(self) -> list[Cut]:
        """The rest of the event, the picture held back included."""
        cuts = []
        if self._held is not None:
            if self._ms + self._last_ms > LONGEST_MS:
                cuts += self.flush()
            self._append(self._held, self._last_ms)
            self._held = None
        return cuts + self.flush()

    def _append(self, held: _Held, ms: int) -> None:
        if not self._samples:
            self._at_ms = held.at_ms
        self._samples.append(Sample(len(held.data), ms, held.key, held.shift))
        self._data.append(held.data)
        self._ms += ms
