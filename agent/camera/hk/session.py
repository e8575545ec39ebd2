"""A camera of the HK family, as the keeper sees it: how a session is opened, read and ended."""

from __future__ import annotations

import logging
import random
import socket
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from agent.camera.hk.address import HkAddress
from agent.camera.hk.assembler import Assembler
from agent.camera.hk.assembler2 import WideAssembler
from agent.camera.hk.dialects import Dialect, DialectChoice
from agent.camera.hk.discovery import ask_id
from agent.camera.hk.h264_sign import sent_h264
from agent.camera.hk.jpeg_splitter import AssemblerCounts
from agent.camera.hk.link import CameraLink, Ended
from agent.camera.hk.link2 import SecondLink
from agent.camera.hk.link_base import Conversation
from agent.camera.hk.packets import TAG_LIMIT
from agent.camera.hk.trace import Trace
from agent.camera.hk.udp import POLL, Channel
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found, Resolver
from agent.camera.reconnect import Extras, Keeper, Timing
from agent.camera.session import Picture
from agent.core.errors import CameraError, CameraRefused, CameraUnreachable, SessionLost
from agent.core.frame import Frame
from agent.core.messages import CameraState, SessionLog
from agent.core.stats import CameraStats
from agent.runtime.clock import Clock
from agent.runtime.privacy_gate import PrivacyGate

log = logging.getLogger(__name__)

#: Seconds without a whole frame after which an open session is given up.
SILENCE = 10.0
#: Waits of the reconnect machine. It leaves a camera that it could not reach alone for 15 s
#: (proven: the known client's). The rhythm is known: the family sends several frames a second.
TIMING = Timing(unreachable=15.0, refused=15.0, unknown=SILENCE)
#: Seconds to wait for a camera's id, where it does not answer in the first dialect.
ASKED = 1.5
#: Seconds between two logs of failed sessions: the first failure, and those that follow it.
_LOG_EVERY, _LOG_REPEATS = 60.0, 3600.0
#: Said with a session, so that nobody takes the second dialect for tried.
_NOTED = {Dialect.FIRST: "", Dialect.SECOND: " (second dialect, not confirmed on hardware)"}
#: How late, at most, a poll of the second dialect goes out: it is due every 0.17 s.
POLL_2 = 0.06

#: Key pictures of H.264 before the first JPEG: this number is no chance.
_SURE = 2

KeepLog = Callable[[SessionLog], str | None]


def hk_source(
    camera_id: str,
    address: HkAddress,
    clock: Clock,
    on_frame: Callable[[Frame], object],
    on_state: Callable[[CameraState], object],
    timing: Timing = TIMING,
    keep_log: KeepLog = lambda _log: None,
    gate: PrivacyGate | None = None,
) -> Keeper:
    """A frame source of one camera of the family; nothing is opened yet.

    Args:
        camera_id: the camera's id.
        address: of the camera.
        clock: the time.
        on_frame: takes each frame.
        on_state: takes each state.
        timing: waits; tests shorten them.
        keep_log: takes the packets of a session that failed; says where they can be read.
        gate: closed while there must be no session; None: there is none.
    """
    silence = SILENCE if timing.unknown is None else timing.unknown
    opener = HkOpener(camera_id, address, clock, keep_log, silence)
    extras = Extras(opener.counted, opener.keep)
    return Keeper(camera_id, opener, clock, on_frame, on_state, timing, extras, gate)


class HkOpener:
    """Opens sessions with one camera, counts over all of them, keeps the packets of failures.

    An attempt speaks the dialect that has worked; before any has, both (`DialectChoice`).
    """

    def __init__(
        self, camera_id: str, address: HkAddress, clock: Clock, keep_log: KeepLog, silence: float
    ) -> None:
        self._camera = camera_id
        self._address = address
        self._clock = clock
        self._keep_log = keep_log
        self._silence = silence
        self._resolver = Resolver(address.host, address.port, clock)
        self._choice = DialectChoice(address.dialect)
        self._hkid = address.hkid
        self._counts = AssemblerCounts()
        self._trace = Trace()
        self._logged_at = float("-inf")

    def __call__(self, patience: Patience) -> HkSession:
        """Opens a session.

        Raises:
            CameraUnreachable: the camera does not answer, or cannot be found.
            CameraRefused: it says no.
            Interrupted: by our patience.
        """
        self._trace = Trace()
        found = self._resolver.find(patience.worker)
        try:
            return self._opened(self._choice.first_try, patience, found)
        except CameraUnreachable as error:
            other = self._choice.second_try
            if other is None:
                self._choice.unanswered()
                raise
            try:
                return self._opened(other, patience, found)
            except CameraUnreachable as second:
                log.debug("camera %s: dialect %s: %s", self._camera, other, second)
                raise error from second  # the first says more about a camera that is off

    def counted(self, stats: CameraStats) -> CameraStats:
        """The counters, with those of the datagrams."""
        counts = self._counts
        return replace(
            stats,
            fragments=counts.fragments,
            fragments_lost=counts.lost,
            fragments_repeated=counts.repeated,
            fragments_reordered=counts.reordered,
            datagrams_foreign=counts.foreign,
            datagrams_short=counts.short,
            datagrams_bad=counts.bad,
        )

    def keep(self, error: CameraError, failures: int) -> str | None:
        """Keeps the packets of what failed; a camera that is off for a day does not fill a disk."""
        now = self._clock.monotonic()
        pause = _LOG_EVERY if failures == 1 else _LOG_REPEATS
        if not len(self._trace) or now - self._logged_at < pause:
            return None
        self._logged_at = now
        self._trace.note(str(error), now)
        utc = self._clock.utc()
        lines = self._trace.lines(now, utc.astimezone())
        return self._keep_log(SessionLog(self._camera, utc, lines))

    def _opened(self, dialect: Dialect, patience: Patience, found: Found) -> HkSession:
        """An open session in one dialect."""
        family, peer = found
        now, ack, trace = self._clock.monotonic(), self._address.ack, self._trace
        trace.note(f"dialect {dialect}, {peer[0]} port {peer[1]}", now)
        link: Conversation
        if dialect is Dialect.FIRST:
            tag = random.randrange(TAG_LIMIT)  # noqa: S311  no secret: it tells answers apart
            link, assembler = CameraLink(tag, now, ack, trace), Assembler(self._counts)
            channel = Channel(family, peer)
        else:
            hkid = self._hkid or self._asked_id(patience, found)
            now = self._clock.monotonic()
            link, assembler = SecondLink(hkid, now, ack, trace), WideAssembler(self._counts)
            channel = Channel(family, peer, POLL_2)
        note = _NOTED[dialect]
        session = HkSession(channel, link, assembler, self._clock, self._silence, note)
        try:
            session.open(patience)
        except BaseException:
            session.close()
            raise
        self._choice.opened(dialect)
        return session

    def _asked_id(self, patience: Patience, found: Found) -> str:
        """The camera's id, wanted by the second dialect; CameraUnreachable: it does not say."""
        worker = patience.worker

        def go_on() -> bool:
            """Asked while we wait: beats, and says whether the answer is still wanted."""
            worker.beat()
            return not patience.over

        family, peer = found
        if family != socket.AF_INET:
            raise CameraUnreachable("the discovery is for IPv4")
        hkid = ask_id(peer[0], self._clock, go_on, ASKED, self._address.discovery_port)
        log.info("camera %s: answers the discovery as id %s", self._camera, hkid)
        return hkid


class HkSession:
    """One conversation with a camera, with a farewell at any end; a `Session`."""

    why = "image data comes, and no whole frame"
    answers = True  # who says nothing for 2 s has lost the session

    def __init__(
        self,
        channel: Channel,
        link: Conversation,
        assembler: Assembler,
        clock: Clock,
        silence: float,
        note: str,
    ) -> None:
        self.silence = silence
        self._channel = channel
        self._link = link
        self._assembler = assembler
        self._counts = assembler.counts
        self._damaged_before = self._counts.damaged
        self._clock = clock
        self._note = note
        self._ready: deque[Picture] = deque()  # bounded by what one datagram can make whole
        self._pictured = False
        self._h264 = 0  # datagrams of it
        self._look_at = clock.monotonic()

    @property
    def damaged(self) -> int:
        """Frames of this session that came broken."""
        return self._counts.damaged - self._damaged_before

    def open(self, patience: Patience) -> None:
        """Waits until the camera accepts the session.

        Raises:
            CameraUnreachable: it does not answer.
            CameraRefused: it says no.
            Interrupted: by our patience.
        """
        while not self._link.is_open:
            patience.look()
            self._turn()

    def read(self) -> Picture | None:
        """The next whole frame; None when none came for a moment.

        Raises:
            SessionLost: the camera fell silent or ended the session.
        """
        if not self._ready:
            try:
                self._turn()
            except CameraUnreachable as error:
                raise SessionLost(str(error)) from error
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Tells the camera, if it knows of the session, and lets go of the sockets."""
        self._link.close(self._clock.monotonic())
        with suppress(CameraUnreachable):  # then nobody is there to be told
            self._channel.send(self._link.to_send())
        self._tally()
        self._channel.close()

    def _turn(self) -> None:
        """Talks until a frame is whole, the session has opened, or it is time to look around."""
        while not self._ready:
            self._channel.send(self._link.to_send())
            for event in self._link.events():
                if isinstance(event, Ended):
                    raise event.error
                return
            now = self._listen()
            if now >= self._look_at:
                self._link.tick(now)
                self._tally()
                self._look_at = now + POLL
                return

    def _listen(self) -> float:
        """Takes datagrams until one asks for more than that, none comes, or it is time to look."""
        monotonic, link, channel = self._clock.monotonic, self._link, self._channel
        while True:
            datagram = channel.receive()
            now = monotonic()
            if datagram is None:
                self._take(self._assembler.settle(), now)
                link.tick(now)
                return now
            image = link.receive(datagram, now)
            if image and not self._pictured:
                self._look_for_video(datagram)
            if image and (frames := self._assembler.push(datagram)):
                if channel.hides_hole():
                    self._assembler.hole()
                    self._counts.damaged += len(frames)
                else:
                    self._take(frames, now)
                return now
            if link.pending or now >= self._look_at:
                return now

    def _look_for_video(self, datagram: bytes) -> None:
        """Says so where the camera sends no JPEGs.

        Raises:
            CameraRefused: it sends H.264.
        """
        size = sent_h264(datagram)
        self._h264 += size is not None
        if size is not None and self._h264 >= _SURE:
            words = f"sends H.264 of {size[0]}x{size[1]}, and only JPEGs are read of this family"
            raise CameraRefused(f"{words}: switch it to MJPEG, or take its RTSP where it has one")

    def _take(self, frames: Sequence[bytes], now: float) -> None:
        self._pictured = self._pictured or bool(frames)
        self._ready.extend(Picture(jpeg, now, note=self._note) for jpeg in frames)

    def _tally(self) -> None:
        """Takes over what channel and link have counted."""
        self._counts.foreign += self._channel.count_strangers()
        self._counts.lost += self._channel.count_unshown()
        self._counts.short += self._link.short
        self._link.short = 0
