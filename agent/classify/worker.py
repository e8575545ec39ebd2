"""The classifier's thread, one for all cameras: asks the network, tells the engine what it says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from agent.classify.adapters import ADAPTERS, Yolox
from agent.classify.geometry import Box
from agent.classify.link import LOAD_WITHIN, Answer, Failed, Link, Looked, Ready
from agent.classify.model_files import ModelFiles, model_of
from agent.classify.naming import MIN_SCORE, Verdict, best_of
from agent.classify.questions import Asked, EventOver, Look
from agent.core.classified import ANSWER_WITHIN
from agent.core.engine_inputs import FromClassifier
from agent.core.errors import ConfigError
from agent.core.event_label import Label, MotionClassified, Named
from agent.core.stats import ClassifyStats
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Seconds without an answer after which a process counts as hanging. Its event was called unknown
#: long before. On a busy machine a late answer is better than a new process.
HANGS_AFTER = 30.0
#: Seconds before a process that failed is replaced; doubled each time, at most the second. A bad
#: file costs one start of a process in five minutes, and only while there are events.
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0
#: Events whose looks are remembered. More run at a time only in a house with more cameras. Then the
#: event with the oldest look begins again.
MOST_EVENTS = 64

_STEP = 0.25  # seconds; how long anything here waits without looking at `stop`
_IDLE = 2.0  # seconds; a question ends it immediately, and so does a stop


class Process(Protocol):
    """What the worker needs of a `Link`."""

    def look(self, jpeg: bytes, box: Box | None) -> None:
        """Asks for one picture."""

    def poll(self, timeout: float) -> Answer | None:
        """The answer, or None after at most `timeout` seconds."""

    def close(self) -> None:
        """Kills it."""


@dataclass(frozen=True, slots=True)
class ClassifyOptions:
    """The operator's part: the network's file, its labels, the score that names an event."""

    model: Path
    labels: Path | None = None
    min_score: float = MIN_SCORE


class ClassifierWorker:
    """Body of the `classify` thread. Keeps one process with the network, asks it one thing a time.

        (start) --loads--> ok --question--> looked
           |                |
           |                +--failed, died, no answer in 30 s--> closed; wait 5, 10, 20 ... 300 s
           +--bad file, no answer in 120 s----------------------> closed; wait the same
        closed --question after the wait--> (start), then the question

    A question that finds no process is dropped and counted: its event stays `unknown`. Without
    questions the first process that fails is replaced, too: the next event finds one.

    Args:
        options: from the configuration.
        asked: the questions.
        to_engine: gets `MotionClassified`; never blocks.
        clock: for deadlines.
        start: of a process; raises OSError when the system cannot.
    """

    def __init__(
        self,
        options: ClassifyOptions,
        asked: Mailbox[Asked],
        to_engine: Callable[[FromClassifier], object],
        clock: Clock,
        *,
        start: Callable[[ModelFiles], Process] = Link,
    ) -> None:
        self.stats = ClassifyStats(model=options.model.stem)
        self._options = options
        self._asked = asked
        self._to_engine = to_engine
        self._clock = clock
        self._start = start
        self._process: Process | None = None
        self._verdicts: dict[tuple[str, str], Verdict] = {}
        self._second = Yolox.second
        self._wait = 0.0
        self._retry_at = clock.monotonic()

    def run(self, worker: Worker) -> None:
        """Serves questions until `worker.stop`; the process is gone afterwards."""
        worker.wake = self._asked.interrupt
        try:
            self._open(worker)
            while not worker.stop.is_set():
                worker.beat()
                match self._asked.get(_IDLE):
                    case Look() as look:
                        self._take(worker, look)
                    case EventOver() as over:
                        self._finish(over)
                    case None if not worker.stop.is_set():
                        self._rest(worker)
        finally:
            self._close()

    def _take(self, worker: Worker, look: Look) -> None:
        verdict = self._verdict(look)
        if verdict.done:
            return
        late = self._clock.monotonic() - look.asked_at > ANSWER_WITHIN
        looked = None if late else self._look(worker, look)
        if looked is None:
            self.stats = replace(self.stats, unanswered=self.stats.unanswered + 1)
            return
        named = verdict.look(best_of(looked.things, look.box))
        stats = self.stats
        self.stats = replace(
            stats, looks=stats.looks + 1, cpu=stats.cpu + looked.cpu, last_cpu=looked.cpu
        )
        self._to_engine(MotionClassified(look.camera, look.event_id, named, final=verdict.done))

    def _finish(self, over: EventOver) -> None:
        """All that was asked about the event is answered, or never will be."""
        verdict = self._verdicts.pop((over.camera, over.event_id), None)
        named = verdict.named if verdict else None
        named = named or Named(Label.UNKNOWN, self.stats.model)
        self._to_engine(MotionClassified(over.camera, over.event_id, named, final=True))

    def _verdict(self, look: Look) -> Verdict:
        key = (look.camera, look.event_id)
        verdict = self._verdicts.pop(key, None) or Verdict(
            self.stats.model, self._options.min_score, self._second
        )
        while len(self._verdicts) >= MOST_EVENTS:
            del self._verdicts[next(iter(self._verdicts))]
        self._verdicts[key] = verdict
        return verdict

    # ------------------------------------------------------------ the process

    def _look(self, worker: Worker, look: Look) -> Looked | None:
        if self._process is None and not self._open(worker):
            return None
        if self._process is None:
            return None
        self._process.look(look.jpeg, look.box)
        answer = self._wait_for(worker, HANGS_AFTER)
        if isinstance(answer, Looked):
            self._wait = 0.0
            return answer
        self._fail(answer)
        return None

    def _rest(self, worker: Worker) -> None:
        """Notices a process that ended while nobody asked, and replaces it once."""
        if self._process is not None:
            answer = self._process.poll(0.0)
            if answer is not None:
                self._fail(answer)
        elif self._wait == FIRST_WAIT:
            self._open(worker)

    def _open(self, worker: Worker) -> bool:
        """Starts a process, once the wait after the last one is over; False: there is none."""
        if self._clock.monotonic() < self._retry_at:
            return False
        try:
            files = model_of(self._options.model, self._options.labels)
            self._second = ADAPTERS[files.adapter].second
            self._process = self._start(files)
        except ConfigError as error:
            self._fail(Failed(str(error)))
            return False
        except OSError as error:
            self._fail(Failed(f"its process cannot be started: {error.strerror}"))
            return False
        answer = self._wait_for(worker, LOAD_WITHIN)
        if isinstance(answer, Ready):
            words = "classifier: %s is ready, it looks at squares of %d pixels"
            log.info(words, files.name, answer.side)
            self.stats = replace(self.stats, state="ok", reason="", model=files.name)
            return True
        self._fail(answer)
        return False

    def _wait_for(self, worker: Worker, seconds: float) -> Answer | None:
        """The process's answer; None when there was none in time, or the worker is to stop."""
        until = self._clock.monotonic() + seconds
        while self._process is not None and not worker.stop.is_set():
            worker.beat()
            left = until - self._clock.monotonic()
            if left <= 0:
                return Failed(f"no answer in {seconds:.0f} s")
            answer = self._process.poll(min(left, _STEP))
            if answer is not None:
                return answer
        return None

    def _fail(self, answer: Answer | None) -> None:
        """Ends the process; None: only because the agent stops."""
        self._close()
        if answer is None:
            return
        reason = answer.reason if isinstance(answer, Failed) else "its process is out of step"
        path = str(self._options.model)
        reason = reason if reason.startswith(path) else f"{path}: {reason}"
        self._wait = min(max(FIRST_WAIT, 2 * self._wait), LONGEST_WAIT)
        self._retry_at = self._clock.monotonic() + self._wait
        if (self.stats.state, self.stats.reason) != ("failed", reason):
            log.warning("classifier: %s; events are not named", reason)
        failures = self.stats.failures + 1
        self.stats = replace(self.stats, state="failed", reason=reason, failures=failures)

    def _close(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
