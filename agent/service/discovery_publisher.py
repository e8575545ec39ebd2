"""When which device payload goes to Home Assistant: what is there, and burying what has gone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path

from agent.runtime.discovery_file import load_discovery, save_discovery
from ha_discovery.upgrade import burial, graves, merged, payloads_of, without_movers
from schemas.messages import Publish

#: Seconds between two steps of a burial: Home Assistant takes 0.14 s for a new device (measured),
#: a small machine ten times as long.
STEP = 2.0


class Discovery:
    """The payloads of this run, and what earlier runs left behind.

    The publisher removes vanished entities at the first connection, for a Home Assistant that runs.
    It does so again after Home Assistant's birth, for one that did not run. Only then it forgets
    them. An interrupted removal begins again. Messages on topics that are no longer used, of
    entities that have moved to others, are emptied once.
    """

    def __init__(self, messages: Sequence[Publish], folder: Path) -> None:
        """Reads what earlier runs published.

        Args:
            messages: the device payloads; empty where discovery is switched off.
            folder: the state folder.
        """
        self._messages = list(messages)
        self._folder = folder
        published, waiting = load_discovery(folder)
        self._dead = graves(merged(waiting, published), messages)
        self._buried = self._forget = False
        self._steps: deque[tuple[float, list[Publish]]] = deque()  # at most three: see `burial`
        self._remember()

    def announce(self, now: float, *, born: bool) -> list[Publish]:
        """What to publish now; the rest comes by `due`.

        Args:
            now: monotonic seconds.
            born: Home Assistant has just started: it listens, and has forgotten what it knew.
        """
        self._steps.clear()
        if not self._dead or (self._buried and not born):
            self._remember()
            return self._messages
        first, *later = burial(self._dead, self._messages)
        self._dead = without_movers(self._dead, self._messages)
        self._steps.extend((now + STEP * n, step) for n, step in enumerate(later, 1))
        self._buried, self._forget = False, born or not self._messages
        return first

    def due(self, now: float) -> list[Publish]:
        """The next step of a burial, when it is time; to be asked for while there is a broker."""
        if not self._steps or now < self._steps[0][0]:
            return []
        step = self._steps.popleft()[1]
        if not self._steps:
            self._buried = True
            if self._forget:
                self._dead = {}
            self._remember()
        return step

    def _remember(self) -> None:
        save_discovery(self._folder, payloads_of(self._messages), self._dead)
