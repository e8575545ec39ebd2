"""One run: all well, then faults, then all well again; what was seen and what was wrong."""

from __future__ import annotations

import signal
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.resilience.fault import Fault
from tests.resilience.footprint import share_of_cpu
from tests.resilience.gather import (
    disarmed_by,
    frames_of,
    healths_of,
    hellos_of,
    repairs_of,
    store_seen,
    strays_of,
    told_by,
    utc_of_zero,
)
from tests.resilience.invariants import MORE_THREADS, home_assistant_has, violations
from tests.resilience.lab import WATCH_LOGIN, Lab
from tests.resilience.observation import Interval, Observation
from tests.resilience.plan import Plan
from tests.resilience.recovery import Recovery
from tests.resilience.watch import Watch
from tests.support.agent_process import CAMERA, YARD

#: Until the first event of a healthy agent has ended, on a busy machine.
FIRST = 150.0
#: After all is well again, until the last event has ended and is told.
CALM = 60.0
#: For an answer, on a busy machine.
ANSWER = 60.0
#: Published by the observer itself.
MARK = "homeassistant/lab"
#: From Home Assistant's birth until it has every event; an agent that missed the birth waits 120 s.
OFFERED = 150.0
#: For what a stop left in the spool, with the next start.
LEFT_OVER = 300.0


@dataclass
class Result:
    """One line of the results; seconds, but for the names."""

    seed: int
    faults: list[str]
    key: str = ""
    code: str = ""  # of the agent
    commit: str = ""
    at_once: int = 1  # runs on this machine
    violations: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class Run:
    """The steps of a run, in a house of its own."""

    def __init__(self, lab: Lab, plan: Plan) -> None:
        self._lab = lab
        self._plan = plan
        self._seen = Observation()
        self.figures: dict[str, float] = {}

    def do(self) -> Observation:
        """All of it; what the observer saw."""
        lab, seen = self._lab, self._seen
        self._begin()
        before = lab.fresh
        self._break_and_heal()
        recovery = Recovery(lab)
        limits = [fault.limit for fault in self._plan.faults]
        seen.unrecovered = recovery.wait(max(limits, default=0.0) + 5.0 * len(limits))
        seen.unrecovered += lab.findings
        self.figures |= {**recovery.figures(), **lab.figures}
        self._calm_down()
        if before is not None and lab.fresh is before:
            few = before.threads + MORE_THREADS  # an encoder's end within a moment of its clip's
            lab.wait(lambda: lab.footprint().threads <= few, 3.0)
            seen.pair = (before, lab.footprint())
            self.figures["peak_mib"] = seen.pair[1].peak_mib
        lab.end("SIGTERM", signal.SIGTERM)
        seen.gone = newcomer(lab)
        self._see_to_what_is_left()
        self._look()
        return seen

    def _begin(self) -> None:
        """The agent starts; its first event comes and ends."""
        lab = self._lab
        begun = time.monotonic()
        lab.leaves = tuple(fault.leaves for fault in self._plan.faults if fault.leaves)
        for fault in self._plan.faults:
            fault.prepare(lab)
        lab.start()
        live = lab.wait(lambda: lab.watch.last(YARD.availability) == "online", FIRST)
        if live is None:
            raise AssertionError(f"it never began: {lab.process and lab.process.log[-2000:]}")
        self.figures["start_to_live"] = live - begun
        ended = lab.wait(lambda: lab.watch.events(YARD.event_motion, "motion_ended"), FIRST)
        if ended is None:
            raise AssertionError(f"no first event: {lab.process and lab.process.log[-2000:]}")
        lab.fresh = lab.footprint()

    def _break_and_heal(self) -> None:
        """Each fault at its time and for its time."""
        lab, begun = self._lab, time.monotonic()
        steps = [(f.begins, "inject", f) for f in self._plan.faults]
        steps += [(f.begins + f.lasts, "heal", f) for f in self._plan.faults]
        injected: dict[Fault, float] = {}
        for at, what, fault in sorted(steps, key=lambda step: step[0]):
            lab.wait(partial(_is_past, begun + at), begun + at - time.monotonic() + 1.0)
            if what == "inject":
                injected[fault] = time.monotonic()
                fault.inject(lab)
            else:
                fault.heal(lab)
                if fault.loses_frames:
                    lab.busy.append(Interval(injected[fault], time.monotonic()))

    def _calm_down(self) -> None:
        """Nobody comes any more; what is said then has to be true."""
        lab, seen = self._lab, self._seen
        lab.camera.order(visits=False)
        shut = (YARD.motion, YARD.root + "/recording/state")
        lab.wait(partial(_is_past, time.monotonic() + 2.0), 3.0)  # who is there may go
        lab.wait(lambda: all(lab.watch.last(topic) == "OFF" for topic in shut), CALM)
        lab.wait(lambda: not self._owed_to_home_assistant(), OFFERED)
        seen.idle_share = share_of_cpu(lab.pid, 1.0)
        # counters are said once a minute, or with all the rest
        heard = len(lab.watch.of(YARD.health))
        lab.watch.ask("discovery")
        lab.wait(lambda: len(lab.watch.of(YARD.health)) > heard, ANSWER)
        asked = {
            "snapshot": lab.watch.ask("snapshot", camera=CAMERA),
            "status": lab.watch.ask("status"),
        }
        answers = {}
        for operation, transaction in asked.items():
            lab.wait(partial(lab.watch.answer, operation, {transaction}), ANSWER)
            answers[operation] = lab.watch.answer(operation, {transaction})
            if not (answers[operation] or {}).get("ok"):
                seen.unanswered.append(f"{operation}: {answers[operation]}")
        seen.status = (answers["status"] or {}).get("data") or {}
        self._fetched = self._fetch_events()
        seen.calm = newcomer(lab)

    def _fetch_events(self) -> list[dict[str, Any]]:
        """All that the agent has kept; an answer has as many as a packet takes."""
        watch, events = self._lab.watch, list[dict[str, Any]]()
        more = True
        while more:
            since = events[-1]["seq"] if events else 0
            transaction = watch.ask("events", camera=CAMERA, since=since)
            self._lab.wait(partial(watch.answer, "events", {transaction}), ANSWER)
            answer = watch.answer("events", {transaction})
            if not (answer or {}).get("ok"):
                self._seen.unanswered.append(f"events since {since}: {answer}")
            data = (answer or {}).get("data") or {}
            events += data.get("events", [])
            more = bool(data.get("more") and data["events"])
        return events

    def _see_to_what_is_left(self) -> None:
        """A stop gives the store some seconds; what is left then is for the next start."""
        lab = self._lab
        if not self._waits_for_clips():
            return
        self.figures["left_for_next_start"] = 1.0
        lab.start()
        lab.wait(lambda: not self._waits_for_clips(), LEFT_OVER)
        lab.end("SIGTERM", signal.SIGTERM)

    def _owed_to_home_assistant(self) -> set[int]:
        """Numbers of motion events that it has not heard while it was there to hear."""
        lab = self._lab
        if not lab.listening:
            return set()
        heard = home_assistant_has(told_by(lab.watch, YARD.ha_motion), lab.listening)
        return {what["seq"] for _, what in lab.watch.events(YARD.event_motion)} - set(heard)

    def _waits_for_clips(self) -> set[str]:
        """Events that have ended, and no word yet about their clips."""
        watch = self._lab.watch
        ended = {what["id"] for _, what in watch.events(YARD.event_motion, "motion_ended")}
        return ended - {what["id"] for _, what in watch.events(YARD.event_recording)}

    def _look(self) -> None:
        """Fills the rest of the observation in."""
        lab, seen = self._lab, self._seen
        seen.frames = frames_of(lab.camera.journal)
        for fault in self._plan.faults:
            fault.clear_up(lab)
        seen.disarmed, seen.disarmings = disarmed_by(lab.watch), lab.disarmings
        seen.lives, seen.busy = lab.lives, lab.busy + seen.disarmed
        seen.motion = told_by(lab.watch, YARD.event_motion, self._fetched)
        seen.recordings = told_by(lab.watch, YARD.event_recording)
        seen.offsets, seen.forgot, seen.leaves = lab.offsets, lab.forgot, lab.leaves
        seen.utc_of_zero = utc_of_zero(time.monotonic())
        seen.healths = healths_of(lab.watch, lab.doubled)
        seen.offered = told_by(lab.watch, YARD.ha_motion)
        seen.listening = lab.listening
        seen.taken, seen.repairs = lab.taken, repairs_of(lab.watch)
        seen.store = store_seen(lab.store, *(taken.place for taken in lab.taken))
        seen.strays = lab.strays + strays_of(lab.folder)
        seen.log = (lab.folder / "agent.log").read_text(errors="replace")
        seen.complaints = lab.watch.complaints
        hellos = [at for at in hellos_of(lab.camera.journal) if at >= self.figures["healed_at"]]
        if hellos:
            self.figures["first_hello"] = hellos[0] - self.figures["healed_at"]


def run(plan: Plan, folder: Path) -> Result:
    """Does it in a folder of its own, which is kept only if something was wrong."""
    result = Result(plan.seed, plan.names)
    begun = time.monotonic()
    folder.mkdir(parents=True)
    try:
        with Lab(folder, plan.setup) as lab:
            steps = Run(lab, plan)
            seen = steps.do()
        result.figures = {name: round(value, 3) for name, value in steps.figures.items()}
        result.violations = violations(seen)
        result.lost = losses(seen)
    except Exception as error:  # noqa: BLE001  a laboratory that breaks is a finding, too
        result.violations.append(f"the laboratory: {type(error).__name__}: {error}")
    result.seconds = round(time.monotonic() - begun, 1)
    if not result.violations:
        lab.clean()
    return result


def newcomer(lab: Lab) -> dict[str, bytes]:
    """What the broker tells who comes now."""
    with Watch(lab.broker.port, **WATCH_LOGIN) as watch:
        # what is retained is sent at the subscription, before all that is published later
        watch.say(MARK, "")
        lab.wait(lambda: watch.of(MARK), ANSWER)
        return watch.retained()


def losses(seen: Observation) -> dict[str, int]:
    """What was lost and counted."""
    failed = [t for t in seen.recordings if t.what["event_type"] == "recording_failed"]
    ended = [t.what["reason"] for t in seen.motion if t.what["event_type"] == "motion_ended"]
    counts = {
        "frames that the camera's way damaged": sum(not frame.whole for frame in seen.frames),
        "recordings said to have failed": len(failed),
        "events cut short and said so": sum(r in {"interrupted", "camera_lost"} for r in ended),
        "events fetched that the broker forgot": sum(t.fetched for t in seen.motion),
        "clips marked as truncated": sum(bool(t.what.get("truncated")) for t in seen.recordings),
    }
    return {what: count for what, count in counts.items() if count}


def as_line(result: Result) -> dict[str, object]:
    """For the file of results."""
    return asdict(result)


def _is_past(at: float) -> bool:
    return time.monotonic() >= at
