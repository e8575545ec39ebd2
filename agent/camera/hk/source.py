"""A camera of the HK family as a frame source: sessions opened, kept and reopened."""

from __future__ import annotations

import logging
import random
import socket
from collections.abc import Callable
from contextlib import suppress

from agent.camera.hk.address import HkAddress
from agent.camera.hk.assembler import Assembler
from agent.camera.hk.assembler2 import WideAssembler
from agent.camera.hk.dialects import Dialect, DialectChoice
from agent.camera.hk.discovery import ask_id
from agent.camera.hk.jpeg_splitter import AssemblerCounts
from agent.camera.hk.link import CameraLink, Ended
from agent.camera.hk.link2 import SecondLink
from agent.camera.hk.link_base import Conversation
from agent.camera.hk.packets import TAG_LIMIT
from agent.camera.hk.timing import HkTiming
from agent.camera.hk.trace import Trace
from agent.camera.hk.udp import POLL, Channel
from agent.camera.network.resolve import Resolver, SocketAddress
from agent.camera.outlet import Outlet
from agent.camera.picture_interval import Rhythm
from agent.camera.source_faults import Faults
from agent.core.backoff import Backoff
from agent.core.errors import (
    CameraError,
    CameraRefused,
    CameraUnreachable,
    SessionLost,
)
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState, SessionLog
from agent.core.orders import RestartSession
from agent.core.stats import CameraStats
from agent.runtime.clock import Clock
from agent.runtime.mailbox import Mailbox
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: Packets of failed sessions are kept at most this often, and of failures in a row this often.
_LOG_EVERY, _LOG_REPEATS = 60.0, 3600.0

#: Said with a session, so that nobody takes the second dialect for tried.
_NOTED = {Dialect.FIRST: "", Dialect.SECOND: " (second dialect, not confirmed on hardware)"}

#: How late, at most, a poll of the second dialect goes out: it is due every 0.17 s.
POLL_2 = 0.06


class HkSource:
    """Keeps a session with one camera of the family open and hands on its frames.

    attempt --SessionLost--> attempt at once, then after a growing delay
            --CameraUnreachable, CameraRefused--> rest --> attempt
            --RestartSession--> attempt at once

    An attempt speaks the dialect that has worked; before any has, both (`DialectChoice`).
    """

    def __init__(
        self,
        camera_id: str,
        address: HkAddress,
        clock: Clock,
        on_frame: Callable[[Frame], object],
        on_state: Callable[[CameraState], object],
        orders: Mailbox[RestartSession],
        timing: HkTiming | None = None,
        keep_log: Callable[[SessionLog], str | None] = lambda _log: None,
    ) -> None:
        self._camera = camera_id
        self._address = address
        self._clock = clock
        self._outlet = Outlet(camera_id, clock, on_frame, on_state)
        self._orders = orders
        self._timing = timing or HkTiming()
        self._keep_log = keep_log
        self._trace = Trace()
        self._logged_at = float("-inf")
        self._resolver = Resolver(address.host, address.port, clock)
        self._choice = DialectChoice(address.dialect)
        self._dialect = self._choice.first_try
        self._hkid = address.hkid
        self._reopen = Backoff(self._timing.reopen_first, 2.0, self._timing.reopen_limit)
        self._counts = AssemblerCounts()
        self._faults = Faults(camera_id)
        self._rhythm = Rhythm(unknown=0.0)  # the family sends several pictures a second
        self._conversations = 0
        self._losses = 0  # conversations lost in a row, until one lasts
        self._first_frame_at: float | None = None  # of this conversation
        self._opened_at = 0.0
        self._foreign = self._short = 0
        self._stats = CameraStats()

    @property
    def stats(self) -> CameraStats:
        """The counters of now; a new object each time they change."""
        return self._stats

    def run(self, worker: Worker) -> None:
        """Opens sessions and delivers frames until `worker.stop` is set; beats meanwhile."""
        while not worker.stop.is_set():
            worker.beat()
            if not self._outlet.failures:
                self._outlet.say(CameraCode.CONNECTING, "opening a session")
            try:
                self._attempt_and_rest(worker)
            except Exception as error:  # noqa: BLE001  of whatever kind: it ends this session only
                self._outlet.failures += 1
                fault, rest = self._faults.take(error, worker), self._timing.rest
                self._outlet.say(CameraCode.UNREACHABLE, str(fault), retry_in=rest, error=fault)
                self._pause(worker, rest)

    def _attempt_and_rest(self, worker: Worker) -> None:
        try:
            self._attempt(worker)
        except CameraError as error:
            self._pause(worker, self._failed(error))

    def _attempt(self, worker: Worker) -> None:
        """One attempt and, if it opens, the session; returns when stopped or told to restart."""
        self._trace = Trace()
        family, peer = self._resolver.find(worker)
        try:
            self._speak(self._choice.first_try, worker, family, peer)
        except CameraUnreachable as error:
            other = self._choice.second_try
            if other is None or worker.stop.is_set():
                self._choice.unanswered()
                raise
            self._try_other(other, error, worker, family, peer)

    def _try_other(
        self,
        dialect: Dialect,
        error: CameraUnreachable,
        worker: Worker,
        family: socket.AddressFamily,
        peer: SocketAddress,
    ) -> None:
        """The camera did not answer: it may speak the other dialect.

        Raises:
            CameraUnreachable: the first `error`, which says more about a camera that is off.
        """
        try:
            self._speak(dialect, worker, family, peer)
        except CameraUnreachable as second:
            log.debug("camera %s: dialect %s: %s", self._camera, dialect, second)
            raise error from second

    def _speak(
        self, dialect: Dialect, worker: Worker, family: socket.AddressFamily, peer: SocketAddress
    ) -> None:
        """Opens a session in one dialect and keeps it."""
        self._dialect = dialect
        self._trace.note(f"dialect {dialect}, {peer[0]} port {peer[1]}", self._clock.monotonic())
        if dialect is Dialect.FIRST:
            tag = random.randrange(TAG_LIMIT)  # noqa: S311  no secret: it tells answers apart
            first = CameraLink(tag, self._clock.monotonic(), self._address.ack, self._trace)
            self._hold(worker, Channel(family, peer), first, Assembler(self._counts))
            return
        hkid = self._hkid or self._asked_id(worker, family, peer)
        second = SecondLink(hkid, self._clock.monotonic(), self._address.ack, self._trace)
        self._hold(worker, Channel(family, peer, POLL_2), second, WideAssembler(self._counts))

    def _asked_id(self, worker: Worker, family: socket.AddressFamily, peer: SocketAddress) -> str:
        """The camera's id, wanted by the second dialect; CameraUnreachable: it does not say."""

        def go_on() -> bool:
            """Asked while we wait: beats, and says whether the answer is still wanted."""
            worker.beat()
            return not worker.stop.is_set()

        if family != socket.AF_INET:
            raise CameraUnreachable("the discovery is for IPv4")
        port = self._address.discovery_port
        hkid = ask_id(peer[0], self._clock, go_on, self._timing.asked, port)
        log.info("camera %s: answers the discovery as id %s", self._camera, hkid)
        return hkid

    def _hold(
        self, worker: Worker, channel: Channel, link: Conversation, assembler: Assembler
    ) -> None:
        """One conversation, with a farewell whatever its end."""
        with channel:
            try:
                self._converse(worker, channel, link, assembler)
            except CameraUnreachable as error:
                if link.is_open:
                    raise SessionLost(str(error)) from error
                raise
            finally:
                link.close(self._clock.monotonic())
                self._farewell(channel, link)

    def _converse(
        self, worker: Worker, channel: Channel, link: Conversation, assembler: Assembler
    ) -> None:
        """Keeps the conversation going until it ends (raises) or we end it (returns)."""
        look_at = self._clock.monotonic()
        while True:
            channel.send(link.to_send())
            for event in link.events():
                if isinstance(event, Ended):
                    raise event.error
                self._opened()
            now = self._clock.monotonic()
            if now >= look_at:
                if worker.stop.is_set() or self._restart_ordered():
                    return
                worker.beat()
                self._tally(channel, link)
                self._look(link, now)
                link.tick(now)
                look_at = now + POLL
            self._receive(channel, link, assembler, look_at)

    def _receive(
        self, channel: Channel, link: Conversation, assembler: Assembler, until: float
    ) -> None:
        """Takes datagrams until one asks for more than that, none comes, or it is time to look."""
        monotonic = self._clock.monotonic
        while not link.pending:
            datagram = channel.receive()
            now = monotonic()
            if datagram is None:
                for jpeg in assembler.settle():
                    self._deliver(jpeg, now)
                link.tick(now)
                return
            if link.receive(datagram, now) and (frames := assembler.push(datagram)):
                if channel.hides_hole():
                    assembler.hole()
                    self._counts.damaged += len(frames)
                    return
                for jpeg in frames:
                    self._deliver(jpeg, now)
            if now >= until:
                return

    def _deliver(self, jpeg: bytes, now: float) -> None:
        if self._first_frame_at is None:
            self._first_frame_at = now
        self._rhythm.add(now)
        self._outlet.deliver(jpeg, now, note=_NOTED[self._dialect])

    def _opened(self) -> None:
        self._choice.opened(self._dialect)
        self._conversations += 1
        self._outlet.cut()
        self._opened_at = self._clock.monotonic()
        self._first_frame_at = None
        self._rhythm.begin()
        log.debug("camera %s: session %d open", self._camera, self._conversations)

    def _look(self, link: Conversation, now: float) -> None:
        """Now and then: the figures, and what the absence of frames means."""
        self._publish(now)
        self._outlet.repeat()
        first, last = self._first_frame_at, self._outlet.frame_at
        if not link.is_open:
            return
        if first is not None and now - first >= self._timing.lasting:
            self._losses = 0
            self._reopen.reset()
        since = self._opened_at if first is None or last is None else last
        limit = self._rhythm.limit(self._timing.stalled)
        if self._outlet.code is not CameraCode.STALLED and now - since >= limit:
            self._outlet.say(CameraCode.STALLED, f"no whole frame for {limit:.3g} s")

    def _tally(self, channel: Channel, link: Conversation) -> None:
        """Takes over what the session's parts have counted."""
        self._foreign += channel.count_strangers()
        self._short += link.short
        link.short = 0

    def _farewell(self, channel: Channel, link: Conversation) -> None:
        """Tells the camera, whatever the reason, and closes the session's books."""
        with suppress(CameraUnreachable):  # then nobody is there to be told
            channel.send(link.to_send())
        self._tally(channel, link)
        self._outlet.rate.clear()
        self._first_frame_at = None
        self._publish(self._clock.monotonic())

    def _failed(self, error: CameraError) -> float:
        """Says what went wrong; returns the seconds until the next attempt."""
        self._outlet.failures += 1
        if isinstance(error, SessionLost):
            code = CameraCode.CONNECTING
            self._losses += 1
            delay = self._reopen.next() if self._losses > 1 else 0.0
        else:
            refused = isinstance(error, CameraRefused)
            code = CameraCode.REFUSED if refused else CameraCode.UNREACHABLE
            delay = self._timing.rest
        log.debug("camera %s: %s, next try in %.0f s", self._camera, error, delay)
        kept = self._keep_trace(error)
        self._outlet.say(code, str(error), retry_in=delay, kept=kept, error=error)
        return delay

    def _keep_trace(self, error: CameraError) -> str | None:
        """Keeps the packets of what failed; a camera that is off for a day does not fill a disk."""
        now = self._clock.monotonic()
        pause = _LOG_EVERY if self._outlet.failures == 1 else _LOG_REPEATS
        if not len(self._trace) or now - self._logged_at < pause:
            return None
        self._logged_at = now
        self._trace.note(str(error), now)
        utc = self._clock.utc()
        lines = self._trace.lines(now, utc.astimezone())
        return self._keep_log(SessionLog(self._camera, utc, lines))

    def _pause(self, worker: Worker, seconds: float) -> None:
        """Lets the camera rest, unless we are stopped or told to restart."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0.0:
            worker.beat()
            if self._clock.wait(worker.stop, min(POLL, left)) or self._restart_ordered():
                return

    def _restart_ordered(self) -> bool:
        order = self._orders.get()
        if order is None:
            return False
        self._outlet.say(CameraCode.CONNECTING, f"restart: {order.reason}")
        self._outlet.failures = 0
        return True

    def _publish(self, now: float) -> None:
        counts = self._counts
        self._stats = CameraStats(
            frames=self._outlet.frames,
            frames_damaged=counts.damaged,
            fragments=counts.fragments,
            fragments_lost=counts.lost,
            fragments_repeated=counts.repeated,
            fragments_reordered=counts.reordered,
            datagrams_foreign=self._foreign,
            datagrams_short=self._short,
            datagrams_bad=counts.bad,
            sessions=self._conversations,
            reconnects=max(0, self._conversations - 1),
            fps=self._outlet.rate.rate(now),
            last_frame_at=self._outlet.frame_at,
        )
