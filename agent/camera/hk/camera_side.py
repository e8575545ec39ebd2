"""The camera's side of the seed dialect, sans-IO and strict: it names what no camera would accept.

For the simulator. It shares `packets`, and nothing else, with the client's side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from agent.camera.hk import packets
from agent.camera.hk.packets import AckMode, Packet

#: Streaming stops when more fragments than this wait for an acknowledgement for so long (guessed).
UNACKNOWLEDGED = 15
ACK_PATIENCE = 1.0

#: The camera repeats its refusal at this interval (guessed).
REFUSAL_INTERVAL = 0.5
REFUSALS_MOST = 6

#: Complaints kept as texts; further ones are only counted.
COMPLAINTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Manners:
    """How this camera answers; lengths in bytes."""

    refusals: int = 0  # refused statuses before it accepts
    resource_reply: int = 155
    start_reply: int = 368
    extra_early: bool = False  # a 42-byte packet before the answer to the resource request
    extra_late: bool = False  # one before the answer to the session start
    ack: AckMode = AckMode.LEGACY
    keep_session: float = 2.0  # seconds until a session without acknowledgements is forgotten


class Await(Enum):
    """What the client has to send next while it opens a session."""

    HELLO = "hello"
    STATUS_82 = "status 82"
    NOTHING = "nothing, until a status says yes"
    STATUS_A2 = "status a2"
    STATUS_62 = "status 62"
    RESOURCE = "resource request"
    FIRST_ACK = "first acknowledgement"
    START = "session start"


@dataclass(slots=True)
class Session:
    """An open session and how well its client acknowledges."""

    client: Any
    texts: Iterator[str]
    acked_at: float
    sent: int = 0
    waiting: int = 0  # datagrams since the last acknowledgement
    acks: int = 0
    streaming: bool = True


class CameraSide:
    """One camera that serves one session at a time.

        HELLO -> STATUS_82 -> (refusals, then yes) -> STATUS_A2 -> STATUS_62 -> RESOURCE
        -> FIRST_ACK -> START -> session streams --SessionDelete--> none
                                    --15 unacknowledged for 1 s--> stopped --keep_session--> none

    A hello starts the opening anew. While another client's session is open, statuses are refused.
    """

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.session: Session | None = None
        self.sessions = 0
        self.acks = 0
        self.complaints: list[str] = []
        self.complained = 0
        self._await = Await.HELLO
        self._client: Any = None
        self._tag = 0
        self._refused = 0
        self._status_at = float("inf")
        self._outbox: list[tuple[bytes, Any]] = []

    @property
    def streaming_to(self) -> Any:  # noqa: ANN401  an address is whatever the socket says
        """The address that is to get fragments now, or None."""
        return self.session.client if self.session and self.session.streaming else None

    def to_send(self) -> list[tuple[bytes, Any]]:
        """Datagrams and their addresses, to be sent now, once."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def forget(self) -> None:
        """The camera restarts: no session, no opening."""
        self.session = None
        self._await, self._client = Await.HELLO, None
        self._status_at = float("inf")
        self._outbox.clear()

    def sent(self, count: int) -> None:
        """So many datagrams went out to the session's client."""
        if self.session is not None:
            self.session.sent += count
            self.session.waiting += count

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest."""
        if self.session is None:
            return self._status_at
        patience = ACK_PATIENCE if self.session.streaming else self.manners.keep_session
        return min(self._status_at, self.session.acked_at + patience)

    def tick(self, now: float) -> None:
        """Repeats refusals, and looks whether the client still acknowledges."""
        session = self.session
        if session is not None:
            silent = now - session.acked_at
            if session.waiting <= UNACKNOWLEDGED:
                session.acked_at = now if silent >= ACK_PATIENCE else session.acked_at
            elif session.streaming and silent >= ACK_PATIENCE:
                session.streaming = False
                self._complain(
                    f"no acknowledgement for {session.waiting} datagrams: streaming stops"
                )
            elif silent >= self.manners.keep_session:
                self.session = None
        if now >= self._status_at:
            self._answer_status(now)

    def receive(self, datagram: bytes, sender: Any, now: float) -> None:  # noqa: ANN401  see above
        """Takes what a client sent."""
        if datagram == packets.HELLO:
            self._client, self._await = sender, Await.STATUS_82
            self._status_at = float("inf")
        elif self.session is not None and sender == self.session.client:
            self._in_session(self.session, datagram, now)
        elif sender != self._client:
            self._complain(f"{_name(datagram)} before a hello")
        else:
            self._opening(datagram, now)

    def _opening(self, datagram: bytes, now: float) -> None:
        tag = self._tag
        expected = {
            Await.STATUS_A2: packets.status(packets.KIND_STATUS_A2, tag),
            Await.STATUS_62: packets.status(packets.KIND_STATUS_62, tag),
            Await.RESOURCE: packets.RESOURCE_REQUEST,
            Await.FIRST_ACK: packets.FIRST_ACK,
            Await.START: packets.SESSION_START,
        }
        if self._await is Await.STATUS_82:
            packet = packets.decode(datagram)
            if packet is None or packet != Packet(packets.KIND_STATUS, code=1, tag=packet.tag):
                self._complain(f"{_name(datagram)} instead of {self._await.value}")
            elif packet.tag & packets.TAG_REFUSED:
                self._complain(f"tag {packet.tag:#x} has bit 6 set")
            else:
                self._tag, self._refused = packet.tag, 0
                self._await = Await.NOTHING
                self._answer_status(now)
        elif datagram == expected.get(self._await):
            self._advance(now)
        elif datagram != packets.SESSION_DELETE:  # a client may give an attempt up
            self._complain(f"{_name(datagram)} instead of {self._await.value}")

    def _answer_status(self, now: float) -> None:
        """Says yes or no to the first status; a no is repeated until it becomes a yes."""
        busy = self.session is not None and self.session.client != self._client
        self._status_at = float("inf")
        if self._refused < self.manners.refusals or busy:
            self._reply(packets.status(packets.KIND_STATUS_REPLY, self._tag | packets.TAG_REFUSED))
            self._refused += 1
            if self._refused < REFUSALS_MOST:
                self._status_at = now + REFUSAL_INTERVAL
            return
        self._reply(packets.status(packets.KIND_STATUS_REPLY, self._tag))
        self._await = Await.STATUS_A2

    def _advance(self, now: float) -> None:
        """The awaited datagram came: answers it and awaits the next."""
        steps = list(Await)
        if self._await is Await.STATUS_62:
            self._reply(packets.status(packets.KIND_STATUS_62 | 0x10, self._tag))
        elif self._await is Await.RESOURCE:
            if self.manners.extra_early:
                self._reply(_filled(packets.EXTRA_SIZE, b"MainCmd=State;"))
            self._reply(_filled(self.manners.resource_reply, b"MainCmd=HK_RES_REP;"))
        elif self._await is Await.START:
            if self.manners.extra_late:
                self._reply(_filled(packets.EXTRA_SIZE, b"MainCmd=State;"))
            self._reply(_filled(self.manners.start_reply, b"MainCmd=SessionCreate;"))
            self.session = Session(self._client, packets.ack_texts(self.manners.ack), now)
            self.sessions += 1
            self._await = Await.HELLO
            return
        self._await = steps[steps.index(self._await) + 1]

    def _in_session(self, session: Session, datagram: bytes, now: float) -> None:
        if datagram == packets.SESSION_DELETE:
            self.session = None
            return
        packet = packets.decode(datagram)
        if packet is None or packet.kind != packets.KIND_ACK:
            self._complain(f"{_name(datagram)} in an open session")
            return
        self.acks += 1
        session.acks += 1
        session.waiting = 0
        session.acked_at = now
        text = next(session.texts)
        if datagram != packets.ack(text):
            self._complain(f"acknowledgement {session.acks}: {packet.text!r} instead of SEQ={text}")
        if session.acks * packets.FRAGMENTS_PER_ACK > session.sent:
            self._complain(
                f"acknowledgement {session.acks} after {session.sent} datagrams: too early"
            )

    def _reply(self, datagram: bytes) -> None:
        self._outbox.append((datagram, self._client))

    def _complain(self, text: str) -> None:
        self.complained += 1
        if len(self.complaints) < COMPLAINTS_KEPT:
            self.complaints.append(text)


def _filled(size: int, text: bytes) -> bytes:
    """A command packet of exactly that size; nobody knows what a camera writes there."""
    return packets.encode(
        Packet(packets.KIND_COMMAND, code=100, text=text.ljust(size - packets.HEADER_SIZE, b";"))
    )


def _name(datagram: bytes) -> str:
    """A datagram's name for a complaint."""
    packet = packets.decode(datagram)
    if packet is None:
        return f"{len(datagram)} bytes that are no packet ({datagram[:16].hex()})"
    return f"packet of kind {packet.kind:#x}, {len(datagram)} bytes"
