"""The thread that moves records from the spool to the store, through the child process.

    down ──backoff over──▶ opening ──answer──▶ ready ◀──answer── asked
     ▲                        │                  └───request──▶   │
     └──── refused, failed, child gone ◀──────────────────────────┤
                                               20 s without a word: stalled, and still asked

The thread waits for a child that hangs in a dead share, and never replaces it: a second child would
also hang.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.core.engine_inputs import FromStore
from agent.core.messages import RecordingFailed, StoreCode, StoreRepaired
from agent.core.orders import MarkEvent
from agent.core.self_test_stages import CameraDiscarded
from agent.core.stats import StoreStats
from agent.runtime.child_link import ChildGone, ChildLink
from agent.runtime.clock import Clock
from agent.runtime.framing import BadMessage
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker
from agent.storage.spool.spool import Spool
from agent.storage.store import status_reporter
from agent.storage.store.anchor_keeper import AnchorKeeper
from agent.storage.store.anchor_reporter import AnchorVoice
from agent.storage.store.claims import identity_of
from agent.storage.store.clock_file import Calendar
from agent.storage.store.crashes import Crashes
from agent.storage.store.discarding import Discarding
from agent.storage.store.mark_orders import MarkOrders
from agent.storage.store.options import StoreOptions
from agent.storage.store.outcomes import Outcomes
from agent.storage.store.purge_requests import Purging
from agent.storage.store.shortage import Shortage
from agent.storage.store.status_reporter import Voice

log = logging.getLogger(__name__)

#: Seconds without a word after which the store counts as hanging (a slow share may take some for a
#: sync).
STALLED_AFTER = 20.0
#: Seconds before the next try, the last one for ever.
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0)
#: While an event waits for being shown, the child is asked to look this often.
TICK_EVERY = 2.0
PURGE_EVERY = 3600.0
#: When space is short the purge does not wait for its hour.
PURGE_AGAIN = 60.0
#: What is left of the shutdown's 8 s for emptying the spool.
DRAIN = 2.5
#: After this number of moved files in a row, with nothing stored meanwhile, it is a problem.
_PATIENCE = 2
_POLL = 0.45


class StoreWorker:
    """Empties the spool into the store, in order, and says what has become of it.

    It repeats messages that the engine refused. Until the engine has them nothing leaves the spool.

    Attributes:
        cameras: those that the agent records now; their old recordings are ours.
        discarding: says when the self test's camera is to go; None: there is none.
    """

    def __init__(
        self,
        spool: Spool,
        options: StoreOptions,
        state_dir: Path,
        to_engine: Callable[[FromStore], object],
        clock: Clock,
        clock_trusted: Callable[[], bool],
        orders: Mailbox[MarkEvent] | None = None,
    ) -> None:
        self._spool = spool
        self._options = options
        self.cameras = tuple(options.cameras)
        self.discarding: Discarding | None = None
        self._identity: str | None = None
        self._state_dir = state_dir
        self._keeper = keeper = AnchorKeeper(state_dir, options.agent, clock, options.anchor_key)
        self._voice = Voice(to_engine, clock)
        self._anchor = AnchorVoice(keeper, self._voice)
        self._outcomes = Outcomes(spool, self._voice, self._anchor)
        self._orders = MarkOrders(orders, self._voice.say)
        self._clock = clock
        self._calendar = Calendar(state_dir, clock)
        self._link: ChildLink | None = None
        self._former: ChildLink | None = None  # hung up, perhaps not ended yet
        self._asked: str | None = None
        self._heard_at = 0.0
        self._sent = self._sent_bytes = 0  # the last record that the child has got, and its size
        self._failures = 0
        self._retry_at = 0.0
        self._ticked_at = self._purged_at = float("-inf")
        self._waiting = False  # the child waits for something to become due
        self._blocked: list[tuple[str, str]] = []  # why some cameras' records stay in the spool
        self._short = False  # there is less space in the store than there should be
        self._shortage = Shortage()
        self._purging = Purging(options, self._calendar, clock_trusted, self._shortage, keeper)
        self._failed_after = 0  # the last record sent when something failed
        self._crashes = Crashes()

    @property
    def stats(self) -> StoreStats:
        """The counters since the agent's start."""
        return StoreStats(
            spool_records=self._spool.depth,
            spool_bytes=self._spool.size,
            lost_events=self._spool.lost_events,
            lost_records=self._spool.lost_records,
            saved=self._outcomes.saved,
        )

    def run(self, worker: Worker) -> None:
        """The thread's body; on stop the spool gets some seconds, the rest the next start."""
        if self._voice.code is None:
            self._voice.state(StoreCode.STARTING, "looking for the store")
        try:
            while not worker.stop.is_set():
                worker.beat()
                self._step(worker)
            self._drain(worker)
        finally:
            self._hang_up()

    def _step(self, worker: Worker) -> None:
        self._calendar.look()
        self._anchor.say_due()
        for lost in self._spool.take_lost():
            self._voice.say(RecordingFailed(lost.camera, lost.event, lost.code, lost.message))
        if not self._outcomes.clear():
            self._clock.wait(worker.stop, _POLL)  # the engine is busy: nothing new meanwhile
        elif self._link is None:
            self._orders.refuse_all()
            self._connect(worker)
        elif self._asked is not None:
            self._listen(self._link)
        elif not self._ask(self._link):
            self._spool.wait(self._sent, _POLL)

    def _connect(self, worker: Worker) -> None:
        if self._former is not None and self._former.ended():
            self._former = None
        if self._former is not None or self._clock.monotonic() < self._retry_at:
            self._clock.wait(worker.stop, _POLL)
            return
        self._link = ChildLink("agent.storage.store.child", start_new_session=True)
        self._sent = 0
        self._identity = self._identity or identity_of(self._state_dir)
        terms = self._options.terms(self._state_dir, self._identity)
        about = {"umask": self._options.umask, "anchor": self._keeper.wire()}
        self._request(self._link, "open", {"terms": asdict(terms), **about})

    def _ask(self, link: ChildLink) -> bool:
        """Sends the next request that is due; False when there is nothing to do."""
        now = self._clock.monotonic()
        if self._purging.goes_on or (self.discarding and self.discarding.wanted):
            return self._ask_next(link)
        if now - self._purged_at >= (PURGE_AGAIN if self._short else PURGE_EVERY):
            self._purged_at = now
            self._request(link, "purge", self._purging.next(self.cameras))
        elif now - self._ticked_at >= self._tick_every:
            self._ticked_at = now
            self._request(link, "tick", {})
        elif (order := self._orders.next()) is not None:
            self._anchor.begin_mark(order)
            self._request(link, "mark", order)
        else:
            return self._ask_next_record(link)
        return True

    @property
    def _tick_every(self) -> float:
        soon = self._waiting or self._blocked or self._voice.code is StoreCode.FULL
        return TICK_EVERY if soon else status_reporter.FIGURES_EVERY

    def _ask_next(self, link: ChildLink) -> bool:
        """Sends what is under way before all else, or a record; False: there is neither."""
        if self.discarding is not None and self.discarding.wanted:
            self.discarding.begin()
            self._request(link, "discard", {"camera": self.discarding.camera})
            return True
        goes_on = self._purging.goes_on
        if (not goes_on or self._purging.pauses()) and self._ask_next_record(link):
            return True
        if goes_on:
            self._request(link, "purge", self._purging.next(self.cameras))
        return goes_on

    def _ask_next_record(self, link: ChildLink) -> bool:
        while (number := self._spool.after(self._sent)) is not None:
            self._sent = number
            found = self._spool.read(number)
            if found is not None:
                self._sent_bytes = len(found[1])
                self._anchor.begin_record(found[0])
                self._request(link, "record", {"number": number}, found[1])
                return True
        return False

    def _request(
        self, link: ChildLink, what: str, about: dict[str, Any], body: bytes = b""
    ) -> None:
        self._asked = what
        self._heard_at = self._clock.monotonic()
        link.send({"do": what, **about}, body)

    def _listen(self, link: ChildLink) -> None:
        try:
            answer = link.poll(_POLL)
        except (ChildGone, BadMessage) as error:
            if self._asked == "record" and self._crashes.too_many(self._sent, error):
                self._spool.drop(self._sent)
            self._failed(StoreCode.FAILING, str(error))
            return
        now = self._clock.monotonic()
        if answer is None:
            if now - self._heard_at >= STALLED_AFTER:
                silence = f"no answer for {STALLED_AFTER:.0f} s while asked: {self._asked}"
                self._voice.state(StoreCode.STALLED, silence)
            return
        self._heard_at = now
        if "alive" in answer:
            return
        if "moved" in answer:
            self._begin_anew(str(answer["moved"]), str(answer["reason"]))
            return
        if "failed" in answer:
            if answer["no_room"]:
                self._shortage.refused(self._sent, answer["reason"])
            self._failed(StoreCode(answer["failed"]), str(answer["reason"]), answer["helps"])
            return
        asked, self._asked = self._asked, None
        self._anchor.heed(str(asked), answer)
        self._take(str(asked), answer)

    def _take(self, asked: str, answer: dict[str, Any]) -> None:
        """Does what the answer to a request calls for."""
        if asked == "open":
            self._options.opened(self._state_dir, answer["uuid"], adopted=answer["adopted"])
        elif asked == "purge":
            if self._purging.took(answer):
                self._voice.state(StoreCode.FULL, self._shortage.reason, self._shortage.cure)
        elif asked == "mark":
            self._orders.answer(answer["marked"])
        elif asked == "discard":
            self._take_outcome(answer)
            if self.discarding is not None:
                self._voice.say(CameraDiscarded(self.discarding.camera))
        else:
            self._take_outcome(answer)
        if asked in {"mark", "finish"}:
            self._shortage.passed(self._sent)
        elif answer.get("took"):
            self._shortage.stored(self._sent, self._sent_bytes)
        self._look_how_well(asked)
        if "free_mib" in answer:
            self._voice.figures(answer)

    def _look_how_well(self, asked: str) -> None:
        """A store is well once what failed has passed: it can be opened all right while full."""
        passed = asked in {"record", "finish"} and self._sent >= self._failed_after
        if not passed and self._spool.after(self._sent) is not None:
            return
        self._failures = 0
        code = StoreCode(self._blocked[0][0]) if self._blocked else StoreCode.OK
        self._voice.state(code, "; ".join(reason for _, reason in self._blocked))

    def _take_outcome(self, answer: dict[str, Any]) -> None:
        self._waiting = bool(answer["waiting"])
        self._short = bool(answer["short"])
        self._blocked = answer["blocked"]
        self._outcomes.take(answer)

    def _begin_anew(self, what: str, words: str) -> None:
        """Something is not any more where it was: a new child looks what is there, and goes on."""
        self._anchor.moved(what)
        log.warning("store: %s: %s; begun anew", what, words)
        self._voice.say(StoreRepaired(what, f"{words}; begun anew", lossless=False))
        if self._failures > _PATIENCE:
            self._voice.state(StoreCode.FAILING, f"{what}: {words}, again and again")
        self._rest()

    def _failed(self, code: StoreCode, reason: str, helps: str | None = None) -> None:
        """The child is of no use any more: a new one after a while."""
        self._rest()
        if code is not StoreCode.FULL:
            self._voice.state(code, reason, helps)
        elif not self._shortage.untried:  # else the next purge may free space
            self._voice.state(code, reason, self._shortage.cure)

    def _rest(self) -> None:
        self._failed_after = self._sent
        self._hang_up()
        pause = BACKOFF[min(self._failures, len(BACKOFF) - 1)]
        self._failures += 1
        self._retry_at = self._clock.monotonic() + pause
        self._purged_at = float("-inf")  # space may be the reason

    def _hang_up(self) -> None:
        if self._asked == "discard" and self.discarding is not None:
            self.discarding.want()
        if self._link is not None:
            self._link.hang_up()
            self._former, self._link = self._link, None
        self._asked = None
        self._waiting = False
        self._blocked = []
        self._orders.give_up()
        self._purging.give_up()

    def _drain(self, worker: Worker) -> None:
        """Sends what is left, shows everything and lets the child end, within `DRAIN` seconds."""
        deadline = self._clock.monotonic() + DRAIN
        finishing = finished = False
        while self._link is not None and self._clock.monotonic() < deadline:
            worker.beat()
            if self._asked is not None:
                self._listen(self._link)
            elif finishing:
                finished = True
                break
            elif not self._ask_next(self._link):
                finishing = True
                self._request(self._link, "finish", {})
        if finished:
            self._anchor.say_settled()
        self._outcomes.clear()
        self._hang_up()
        while self._former is not None and self._clock.monotonic() < deadline:
            if self._former.ended():
                self._former = None
            else:
                self._former.wait(_POLL)
        if self._spool.depth:
            log.warning("store: %d records wait in the spool for the next start", self._spool.depth)
