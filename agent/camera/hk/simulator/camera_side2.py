"""The camera's side of the second dialect, sans-IO and strict; what is known of it is little.

For the simulator. **Not confirmed on hardware**: it is what published clients of the family expect.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from agent.camera.hk import packets, packets2
from agent.camera.hk.discovery_packets import parse_fields
from agent.camera.hk.packets import Packet
from agent.camera.hk.simulator.session_base import Manners, Serving, Session, filled, name

#: The session is created after this number of polls (guessed).
POLLS_UNTIL_CREATED = 2

#: While it streams the camera polls this often (guessed), and wants an answer within the patience.
POLL_EVERY = 0.5
POLL_PATIENCE = 2.0

#: How the camera answers each ping (seen).
PING_ANSWER = packets.encode(Packet(packets.KIND_STATUS_REPLY, packets2.CODE, tag=0x40, flag=0x0B))

_POLL_TEXT = b"d4:ICMD1:293:SEQ1:0:lastreq1:0e"
POLL = packets.encode(
    Packet(
        packets.KIND_POLL,
        packets2.CODE,
        text=_POLL_TEXT.ljust(packets2.POLL_SIZE - packets.HEADER_SIZE - 1, b":"),
    )
)


_ACK = re.compile(rb"ICMD=1;SEQ=\d{1,5};TIME=0;\Z")


class Await2(Enum):
    """What the client has to send next while it opens a session."""

    PING_82 = "a ping 82"
    PING_A2 = "nine pings a2"
    RESOURCE = "the resource request"
    POLLS = "polls ICMD2"
    START = "the session start"


class CameraSide2(Serving):
    """One camera that serves one session at a time, in the second dialect.

        PING_82 (each answered) -> PING_A2 (nine) -> RESOURCE -> POLLS -> (SessionCreate) -> START
        -> session streams --SessionDelete--> none
              --15 unacknowledged for 1 s, or no ICMD1 for 2 s--> stopped --keep_session--> none

    A ping 82 restarts the opening. While another client's session is open nothing is answered.
    """

    def __init__(self, manners: Manners) -> None:
        super().__init__(manners)
        self._await = Await2.PING_82
        self._pings = self._polls = 0
        self._poll_at = self._answered_at = float("inf")

    def forget(self) -> None:
        """The camera restarts: no session, no opening."""
        super().forget()
        self._await = Await2.PING_82

    def next_tick(self) -> float:
        """When `tick` has something to do, at the latest."""
        return (
            super().next_tick() if self.session is None else min(self._poll_at, super().next_tick())
        )

    def tick(self, now: float) -> None:
        """Polls the session's client, and looks whether it answers and acknowledges."""
        super().tick(now)
        session = self.session
        if session is None or not session.streaming or now < self._poll_at:
            return
        if now - self._answered_at >= POLL_PATIENCE:
            session.streaming = False
            self._complain(f"no ICMD1 for {POLL_PATIENCE:g} s: streaming stops")
            return
        self._poll_at = now + POLL_EVERY
        self._outbox.append((POLL, session.client))

    def receive(self, datagram: bytes, sender: Any, now: float) -> None:  # noqa: ANN401  see Serving
        """Takes what a client sent."""
        session = self.session
        if session is not None and sender == session.client:
            self._in_session(session, datagram, now)
        elif session is not None and session.streaming:
            return  # busy
        elif datagram == packets2.PING_82:
            if sender != self._client or self._await is not Await2.PING_A2:
                self._client, self._await, self._pings = sender, Await2.PING_A2, 0
            self._reply(PING_ANSWER)
        elif sender != self._client:
            self._complain_of_stranger(datagram)
        else:
            self._opening(datagram, now)

    def _opening(self, datagram: bytes, now: float) -> None:
        packet = packets.decode(datagram)
        fields = parse_fields(packet.text) if packet is not None else {}
        command = fields.get("MainCmd", "")
        if packet is None or command == "SessionDelete":  # a client may give an attempt up
            self._complain_if(packet is None, datagram)
        elif self._await is Await2.PING_A2 and datagram == packets2.PING_A2:
            self._pings += 1
            if self._pings == packets2.PINGS_A2:
                self._await = Await2.RESOURCE
        elif self._await is Await2.RESOURCE and command == "HK_RES_REQ":
            if (packet.seq, packet.code, fields.get("id")) == (1, 337, self.manners.hkid):
                self._await, self._polls = Await2.POLLS, 0
            else:
                self._complain(f"resource request of {fields.get('id')}, I am {self.manners.hkid}")
        elif self._await in {Await2.POLLS, Await2.START} and _is_poll(packet, b"ICMD2"):
            self._polls += 1
            if self._await is Await2.POLLS and self._polls == POLLS_UNTIL_CREATED:
                self._await = Await2.START
            if self._await is Await2.START:  # again, as long as it is asked for
                self._reply(filled(self.manners.resource_reply, b"MainCmd=SessionCreate;"))
        elif self._await is Await2.START and command == "SessionStart" and packet.seq == 2:
            self._open(now)
            self._poll_at = self._answered_at = now
            self._await = Await2.PING_82
        else:
            self._complain_if(not _is_poll(packet, b"ICMD1"), datagram)

    def _in_session(self, session: Session, datagram: bytes, now: float) -> None:
        packet = packets.decode(datagram)
        if packet is None:
            self._complain(f"{name(datagram)} in an open session")
        elif packet.kind == packets.KIND_ACK:
            self._acknowledged(session, datagram, now)
        elif _is_poll(packet, b"ICMD1"):
            self._answered_at = now
        elif b"MainCmd=SessionDelete" in packet.text:
            self.session = None
        elif not _is_poll(packet, b"ICMD2"):  # one may still be on its way
            self._complain(f"{name(datagram)} in an open session")

    def _check_ack(self, session: Session, datagram: bytes) -> None:
        """Any number will do: published clients count differently, and get their pictures."""
        packet = packets.decode(datagram)
        if packet is None or not _ACK.match(packet.text):
            self._complain(f"acknowledgement {session.acks}: {datagram.hex()}")

    def _complain_of_stranger(self, datagram: bytes) -> None:
        """A client that tries the first dialect first is in its right."""
        packet = packets.decode(datagram)
        if packet is None or packet.kind != packets.KIND_STATUS:
            self._complain(f"{name(datagram)} before a ping")

    def _complain_if(self, wrong: bool, datagram: bytes) -> None:  # noqa: FBT001  reads well
        if wrong:
            self._complain(f"{name(datagram)} instead of {self._await.value}")


def _is_poll(packet: Packet, word: bytes) -> bool:
    return packet.kind == packets.KIND_POLL and packet.text.startswith(b"d4:" + word + b":")
