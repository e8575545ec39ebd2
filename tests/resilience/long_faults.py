"""Faults that take a minute or a real Home Assistant: in the long form only, each alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import ClassVar

from tests.resilience.fault import Fault
from tests.resilience.lab import Lab
from tests.resilience.process_faults import Stopped
from tests.support.home_assistant import HomeAssistant, entities

#: Seconds after its birth until Home Assistant has to show what is true (issue 5).
_RIGHT_WITHIN = 10.0


class StoppedForAMinute(Stopped):
    name = "process: SIGSTOP for a minute, keepalives run out"
    hold = (60.0, 65.0)


class HomeAssistantRestarted(Fault):
    """A real one, with its MQTT integration; the broker stays."""

    name = "home assistant: a real one restarts"
    needs = frozenset({"home_assistant"})
    hold = (1.0, 5.0)
    #: End of a unique id -> state that has to be shown when all is well.
    right: ClassVar[Mapping[str, str]] = {
        "pi__yard__armed": "on",
        "pi__yard__camera_link": "on",
        "pi__yard__camera_state": "live",
        "pi__yard__status": "ok",
        "pi__storage_state": "ok",
    }

    def inject(self, lab: Lab) -> None:
        lab.home_assistant.stop()

    def heal(self, lab: Lab) -> None:
        lab.home_assistant.start()
        begun = time.monotonic()
        if lab.wait(lambda: not self._wrong(lab.home_assistant), _RIGHT_WITHIN) is None:
            wrong = self._wrong(lab.home_assistant)
            lab.findings.append(f"{_RIGHT_WITHIN:.0f} s after Home Assistant's birth: {wrong}")
        lab.figures["home_assistant_right"] = time.monotonic() - begun

    def _wrong(self, home_assistant: HomeAssistant) -> dict[str, str]:
        """Entities that do not show what is true, with what they show."""
        states, known = home_assistant.states(), entities(home_assistant)
        shown = {i: states[e]["state"] for i, e in known.items() if e in states}  # rest: disabled
        wrong = {identity: state for identity, state in shown.items() if state == "unavailable"}
        for end, state in self.right.items():
            found = next((each for each in shown if each.endswith(end)), end)
            if shown.get(found) != state:
                wrong[found] = shown.get(found, "missing")
        return wrong


ALL = (StoppedForAMinute, HomeAssistantRestarted)
