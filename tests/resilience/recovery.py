"""How long it takes from the end of the last fault until all is well again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from tests.resilience.gather import utc_of_zero
from tests.resilience.lab import Lab
from tests.resilience.observation import Observation
from tests.resilience.visits import monotonic_times
from tests.support.agent_process import YARD

#: What has to be well: the agent answers, its store is ok, its camera sends, it has no problems and
#: has told an event that began after the faults.
PARTS = {"answered", "stored", "live", "healthy", "event"}
#: Between two questions how it is.
ASK_EVERY = 0.5


class Recovery:
    """Asks until the agent answers that all is well and tells a new event."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._healed_at = time.monotonic()
        self._asked: dict[str, float] = {}  # each question, and when
        self._asked_at = 0.0
        self._since: dict[str, float] = {}  # when each part was well for the first time

    def wait(self, seconds: float) -> list[str]:
        """What was not well in time."""
        if self._lab.wait(self._all_well, seconds) is not None:
            return []
        parts = PARTS - self._since.keys()
        return [f"not within {seconds:.0f} s: {part}" for part in sorted(parts)]

    def figures(self) -> dict[str, float]:
        """Seconds after the end of the last fault."""
        after = {part: at - self._healed_at for part, at in self._since.items()}
        return {**after, "healed_at": self._healed_at}

    def _all_well(self) -> bool:
        self._ask()
        answer = self._lab.watch.answer("status", set(self._asked))
        if answer is not None and answer["ok"]:
            self._note("answered")
            state = answer["data"]["storage"]["state"]
            self._note("stored", well=state == "ok")
            self._note("healthy", well=not self._problems(answer["data"]))
        self._note("live", well=self._lab.watch.last(YARD.availability) == "online")
        if (begun := self._event()) is not None:
            self._note("event")
            self._since.setdefault("event_begun", begun)
        armed = self._lab.watch.last(YARD.setting_state("armed")) == "ON"
        # what was answered before that event need not have known of the fault yet
        told = self._since.get("event", float("inf"))
        news = answer is not None and self._asked[answer["transaction"]] > told
        return armed and news and self._since.keys() >= PARTS

    def _problems(self, health: dict[str, Any]) -> list[str]:
        return [p for p in health["problems"] if not p.startswith(self._lab.leaves or "-")]

    def _note(self, part: str, *, well: bool = True) -> None:
        """What is no longer well has to become so again."""
        if well:
            self._since.setdefault(part, time.monotonic())
        else:
            self._since.pop(part, None)

    def _ask(self) -> None:
        now = time.monotonic()
        if now - self._asked_at < ASK_EVERY:
            return
        self._asked_at = now
        self._asked[self._lab.watch.ask("status")] = now
        if self._lab.watch.last(YARD.setting_state("armed")) == "OFF":
            self._lab.watch.tell(YARD.setting_set("armed"), "ON")  # the word may have been lost

    def _event(self) -> float | None:
        """When the first event began that began after the end of the faults, if it was told."""
        lab = self._lab
        clocks = Observation(offsets=lab.offsets, utc_of_zero=utc_of_zero(time.monotonic()))
        for at, what in self._told_since():
            begun = monotonic_times(clocks, datetime.fromisoformat(what["ts"]))
            later = [each for each in begun if self._healed_at - 0.5 <= each <= at + 0.5]
            if later:
                return max(min(later), self._healed_at)
        return None

    def _told_since(self) -> list[tuple[float, dict[str, Any]]]:
        told = self._lab.watch.events(YARD.event_motion, "motion_started")
        return [(at, what) for at, what in told if at > self._healed_at]
