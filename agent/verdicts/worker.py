"""The thread that owns the log: takes verdicts, writes them twice a minute, answers questions."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.core.messages import FrameScored
from agent.core.moments import Moment
from agent.core.orders import ExplainMoment
from agent.core.owner_answers import MomentExplained
from agent.core.state import AgentNow, Now
from agent.runtime.clock import Clock
from agent.runtime.latest_value import Newest
from agent.runtime.mailbox import Mailbox, WhenFull
from agent.runtime.worker import Worker
from agent.verdicts.block import Block, OpenBlock, blocks_in, pack, unpack
from agent.verdicts.curve import Past
from agent.verdicts.explanation import NEAR, Explained, explain
from agent.verdicts.log import FOLDER, Cursor, VerdictLog
from agent.verdicts.state import Stored, state_of, stored_of

log = logging.getLogger(__name__)

#: Judged frames of all cameras that wait; they are taken twice a second.
SCORES = 4096
QUESTIONS = 32
#: Seconds between two writes: the SD card wears with each of them.
WRITE_EVERY = 30.0
#: Seconds between two looks at what was judged; a question ends it immediately, and so does a stop.
_STEP = 1.0
#: Seconds by which the wall clock may leave the other one before times are computed again.
_JUMP = 1.0
#: Bytes that wait for a disk that is full or fails; the oldest block goes.
MOST_WAITING = 1 << 20
#: Days that the page gets without reading all of them again.
_MOST_PASTS = 4


@dataclass(frozen=True, slots=True)
class AskPast:
    """The page wants curve and spans of some time; the answer comes from the worker's thread."""

    camera: str
    begin: float
    end: float
    reply: Callable[[Past, float | None], object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AskWhy:
    """The page wants to know why nothing happened at some moment."""

    camera: str
    moment: Moment
    reply: Callable[[Explained], object] = field(repr=False)


Question = AskPast | AskWhy | ExplainMoment


class VerdictBoxes:
    """Where other threads put what the log is to know, and what they want to know of it.

    Attributes:
        scores: each judged frame.
        questions: a full queue refuses a question, and says so.
        now: the engine's state; put after each step.
    """

    def __init__(self) -> None:
        self.scores: Mailbox[FrameScored] = Mailbox("verdicts", SCORES, WhenFull.DROP_OLDEST)
        self.questions: Mailbox[Question] = Mailbox("verdict_questions", QUESTIONS, WhenFull.REFUSE)
        self.now: Newest[AgentNow] = Newest()


class VerdictWorker:
    """Owns the files.

    Args:
        state_dir: the folder with the log's own folder.
        boxes: what comes in.
        to_engine: takes answers to commands; never blocks.
        clock: the time.

    Attributes:
        lost: blocks for which neither disk nor memory had space, since the start.
    """

    def __init__(
        self,
        state_dir: Path,
        boxes: VerdictBoxes,
        to_engine: Callable[[MomentExplained], object],
        clock: Clock,
    ) -> None:
        self._log = VerdictLog(state_dir / FOLDER)
        self._boxes, self._to_engine, self._clock = boxes, to_engine, clock
        self._open: dict[str, OpenBlock] = {}
        self._stored: dict[str, tuple[Stored, ...]] = {}
        self._waiting: deque[bytes] = deque()
        self._pasts: OrderedDict[tuple[str, float, float], tuple[Past, Cursor]] = OrderedDict()
        self._write_at = clock.monotonic() + WRITE_EVERY
        self._zero = self._offset()
        self._failed = ""
        self.lost = 0

    def run(self, worker: Worker) -> None:
        """Works until `worker.stop`; then writes what it has."""
        worker.wake = self._boxes.questions.interrupt
        while not worker.stop.is_set():
            question = self._boxes.questions.get(_STEP)
            worker.beat()
            self.look()
            if question is not None:
                self.answer(question)
            if self._clock.monotonic() >= self._write_at:
                self.write()
        self.look()
        self.write()

    def look(self) -> None:
        """Takes in what was judged, and how everything is."""
        if abs(self._offset() - self._zero) > _JUMP:
            self._close()
            self._zero = self._offset()
        agent, now = self._boxes.now.get(), self._now()
        if agent is not None:
            for name in self._open.keys() - agent.cameras.keys():
                self._pack(self._open.pop(name), now.at)
            for name, camera in agent.cameras.items():
                state = state_of(agent, camera)
                sure = agent.gauges.host.clock_synchronised
                block = self._open.get(name)
                if block is None:
                    begin = now.utc.timestamp()
                    block = self._open[name] = OpenBlock(name, begin, now.at, state, sure=sure)
                block.is_so(state, now.at)
                self._note_stored(block, stored_of(agent, camera))
        while (scored := self._boxes.scores.get()) is not None:
            if (known := self._open.get(scored.camera)) is not None:
                known.judged(scored.detection)

    def write(self) -> None:
        """Writes all blocks in one go; what the disk does not take waits, as memory allows.

        Never raises: a full disk costs the log, nothing else.
        """
        self._write_at = self._clock.monotonic() + WRITE_EVERY
        self._close()
        try:
            if self._waiting:
                self._log.append(b"".join(self._waiting))
        except OSError as error:
            words = error.strerror or str(error)
            if words != self._failed:
                log.warning("verdicts: %s: %s; they wait in memory", self._log.folder, words)
            self._failed = words
            return
        if self._failed:
            log.info("verdicts: %s: can be written again", self._log.folder)
        self._failed = ""
        self._waiting.clear()

    def answer(self, question: Question) -> None:
        """Answers one question."""
        match question:
            case AskPast(camera, begin, end, reply):
                reply(self.past(camera, begin, end), self._begins())
            case AskWhy(camera, moment, reply):
                reply(self.why(camera, moment))
            case ExplainMoment(camera, moments, request):
                answers = [self.why(camera, moment).to_data() for moment in moments]
                self._to_engine(MomentExplained(camera, tuple(answers), request))

    def why(self, camera: str, moment: Moment) -> Explained:
        """Why there was, or was not, an event."""
        at = moment.at.timestamp()
        written = self._log.read(camera, at - NEAR, at + NEAR)
        blocks = [block for block, _ in written] + self._unwritten(camera)
        return explain(blocks, moment, self._clock.utc(), self._begins())

    def past(self, camera: str, begin: float, end: float) -> Past:
        """Curve and spans; what is asked for again is read only where it has grown."""
        key = (camera, begin, end)
        past, cursor = self._pasts.pop(key, (Past(begin, end), Cursor()))
        for block, behind in self._log.read(camera, begin, end, cursor):
            past.add(block)
            cursor = behind
        self._pasts[key] = past, cursor
        while len(self._pasts) > _MOST_PASTS:
            self._pasts.popitem(last=False)
        told = past.copy()
        for block in self._unwritten(camera):
            if block.end >= begin and block.begin <= end:
                told.add(block)
        return told

    # ------------------------------------------------------------ blocks

    def _unwritten(self, camera: str) -> list[Block]:
        """The camera's blocks that no file has yet."""
        waiting = [unpack(found) for data in self._waiting for found in blocks_in(data)]
        found = [block for block in waiting if block is not None and block.camera == camera]
        running = self._open.get(camera)
        return found if running is None else [*found, running.closed(self._clock.monotonic())]

    def _begins(self) -> float | None:
        """Of which second since 1970 anything is known."""
        begins = self._log.begins()
        if begins is not None:
            return begins
        waiting = [found.begin for data in self._waiting for found in blocks_in(data)]
        return min([*waiting, *(it.utc for it in self._open.values())], default=None)

    def _close(self) -> None:
        """All blocks end; the next look begins new ones, by the clock as it is then."""
        at = self._clock.monotonic()
        for block in self._open.values():
            self._pack(block, at)
        self._open.clear()

    def _pack(self, block: OpenBlock, at: float) -> None:
        self._waiting.append(pack(block.closed(at)))
        while sum(map(len, self._waiting)) > MOST_WAITING:
            self._waiting.popleft()
            self.lost += 1

    def _note_stored(self, block: OpenBlock, stored: tuple[Stored, ...]) -> None:
        before = self._stored.get(block.camera, ())
        self._stored[block.camera] = stored
        for one in stored:
            if one not in before:
                block.knows(one)

    def _now(self) -> Now:
        return Now(self._clock.monotonic(), self._clock.utc())

    def _offset(self) -> float:
        """Wall clock minus the clock that only goes forward, in seconds."""
        return self._clock.utc().timestamp() - self._clock.monotonic()
