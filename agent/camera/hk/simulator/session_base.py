"""What the simulated cameras of both dialects share: session, patience, complaints; pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.camera.hk import packets
from agent.camera.hk.packets import AckMode, Packet

#: Streaming stops when more fragments than this wait for an acknowledgement for `ACK_PATIENCE`
#: seconds (guessed).
UNACKNOWLEDGED = 15
ACK_PATIENCE = 1.0

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
    hkid: str = "5000"  # what it calls itself in the discovery, and answers to in dialect 2


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


class Serving(ABC):
    """A camera that serves one session at a time; a dialect adds how it opens and what is said."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.session: Session | None = None
        self.sessions = 0
        self.acks = 0
        self.complaints: list[str] = []
        self.complained = 0
        self._client: Any = None
        self._outbox: list[tuple[bytes, Any]] = []

    @property
    def streaming_to(self) -> Any:  # noqa: ANN401  an address is whatever the socket says
        """The address that is to get fragments now, or None."""
        return self.session.client if self.session and self.session.streaming else None

    @abstractmethod
    def receive(self, datagram: bytes, sender: Any, now: float) -> None:  # noqa: ANN401  see above
        """Takes what a client sent."""

    def to_send(self) -> list[tuple[bytes, Any]]:
        """Datagrams and their addresses, to be sent now, once."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def forget(self) -> None:
        """The camera restarts: no session, no opening."""
        self.session = None
        self._client = None
        self._outbox.clear()

    def sent(self, count: int) -> None:
        """Counts datagrams that went out to the session's client."""
        if self.session is not None:
            self.session.sent += count
            self.session.waiting += count

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest."""
        if self.session is None:
            return float("inf")
        patience = ACK_PATIENCE if self.session.streaming else self.manners.keep_session
        return self.session.acked_at + patience

    def tick(self, now: float) -> None:
        """Looks whether the client still acknowledges."""
        session = self.session
        if session is None:
            return
        silent = now - session.acked_at
        if session.streaming and session.waiting <= UNACKNOWLEDGED:
            session.acked_at = now if silent >= ACK_PATIENCE else session.acked_at
        elif session.streaming and silent >= ACK_PATIENCE:
            session.streaming = False
            self._complain(f"no acknowledgement for {session.waiting} datagrams: streaming stops")
        elif silent >= self.manners.keep_session:
            self.session = None

    def _open(self, now: float) -> Session:
        session = Session(self._client, packets.ack_texts(self.manners.ack), now)
        self.session = session
        self.sessions += 1
        return session

    def _acknowledged(self, session: Session, datagram: bytes, now: float) -> None:
        """Takes an acknowledgement of image data."""
        self.acks += 1
        session.acks += 1
        session.waiting = 0
        session.acked_at = now
        self._check_ack(session, datagram)

    def _check_ack(self, session: Session, datagram: bytes) -> None:
        """Complains about an acknowledgement that the known client would not have sent."""
        text = next(session.texts)
        if datagram != packets.ack(text):
            packet = packets.decode(datagram)
            said = (packet.text if packet else datagram[:60]).decode("ascii", "backslashreplace")
            self._complain(f"acknowledgement {session.acks}: {said} instead of SEQ={text}")
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


def name(datagram: bytes) -> str:
    """A datagram's name for a complaint."""
    packet = packets.decode(datagram)
    if packet is None:
        return f"{len(datagram)} bytes that are no packet ({datagram[:16].hex()})"
    return f"packet of kind {packet.kind:#x}, {len(datagram)} bytes"


def filled(size: int, text: bytes) -> bytes:
    """A command packet of exactly that size; nobody knows what a camera writes there."""
    return packets.encode(
        Packet(packets.KIND_COMMAND, code=100, text=text.ljust(size - packets.HEADER_SIZE, b";"))
    )
