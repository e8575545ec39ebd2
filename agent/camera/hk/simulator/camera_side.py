"""The camera's side of the seed dialect, sans-IO and strict: it names what no camera would accept.

For the simulator. It shares `packets`, and nothing else, with the client's side.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from agent.camera.hk import packets
from agent.camera.hk.packets import Packet
from agent.camera.hk.simulator.session_base import Manners, Serving, Session, filled, name

#: The camera repeats its refusal at this interval (guessed).
REFUSAL_INTERVAL = 0.5
REFUSALS_MOST = 6


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


class CameraSide(Serving):
    """One camera that serves one session at a time.

        HELLO -> STATUS_82 -> (refusals, then yes) -> STATUS_A2 -> STATUS_62 -> RESOURCE
        -> FIRST_ACK -> START -> session streams --SessionDelete--> none
                                    --15 unacknowledged for 1 s--> stopped --keep_session--> none

    A hello restarts the opening. While another client's session is open, statuses are refused.
    """

    def __init__(self, manners: Manners) -> None:
        super().__init__(manners)
        self._await = Await.HELLO
        self._tag = 0
        self._refused = 0
        self._status_at = float("inf")

    def forget(self) -> None:
        """The camera restarts: no session, no opening."""
        super().forget()
        self._await = Await.HELLO
        self._status_at = float("inf")

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest."""
        return min(self._status_at, super().next_tick())

    def tick(self, now: float) -> None:
        """Repeats refusals, and looks whether the client still acknowledges."""
        super().tick(now)
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
            self._complain(f"{name(datagram)} before a hello")
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
                self._complain(f"{name(datagram)} instead of {self._await.value}")
            elif packet.tag & packets.TAG_REFUSED:
                self._complain(f"tag {packet.tag:#x} has bit 6 set")
            else:
                self._tag, self._refused = packet.tag, 0
                self._await = Await.NOTHING
                self._answer_status(now)
        elif datagram == expected.get(self._await):
            self._advance(now)
        elif datagram != packets.SESSION_DELETE:  # a client may give an attempt up
            self._complain(f"{name(datagram)} instead of {self._await.value}")

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
                self._reply(filled(packets.EXTRA_SIZE, b"MainCmd=State;"))
            self._reply(filled(self.manners.resource_reply, b"MainCmd=HK_RES_REP;"))
        elif self._await is Await.START:
            if self.manners.extra_late:
                self._reply(filled(packets.EXTRA_SIZE, b"MainCmd=State;"))
            self._reply(filled(self.manners.start_reply, b"MainCmd=SessionCreate;"))
            self._open(now)
            self._await = Await.HELLO
            return
        self._await = steps[steps.index(self._await) + 1]

    def _in_session(self, session: Session, datagram: bytes, now: float) -> None:
        if datagram == packets.SESSION_DELETE:
            self.session = None
            return
        packet = packets.decode(datagram)
        if packet is None or packet.kind != packets.KIND_ACK:
            self._complain(f"{name(datagram)} in an open session")
            return
        self._acknowledged(session, datagram, now)
