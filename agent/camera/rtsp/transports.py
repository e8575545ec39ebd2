"""The streams of a session that were set up, and how their packets come: pictures, then sound."""

from __future__ import annotations

import math
import random
import re
from typing import NamedTuple

from agent.camera import error_reasons
from agent.camera.http.head import Head
from agent.camera.interruptible_wait import STEP
from agent.camera.network.resolve import Found
from agent.camera.rtsp.conversation import Talk
from agent.camera.rtsp.rtp import receiver_report
from agent.camera.rtsp.udp import Ports
from agent.core.errors import CameraRefused

#: Seconds between signs of life, where the camera does not say how many it wants.
_ALIVE = 25.0
_TIMEOUT = re.compile(r"timeout\s*=\s*(\d{1,6})")
_INTERLEAVED = re.compile(r"interleaved\s*=\s*(\d{1,3})")
_SERVER_PORT = re.compile(r"server_port\s*=\s*(\d{1,5})")


class _Way(NamedTuple):
    """How the packets of one stream come.

    Attributes:
        channel: of RTP on our connection; the next one is that of RTCP.
        ports: ours, if they come over UDP.
        server_port: the camera's there; 0: unknown.
    """

    channel: int
    ports: Ports | None = None
    server_port: int = 0


class Ways:
    """Sets streams up, in order, and takes their packets. Belongs to the session.

    Args:
        talk: the conversation with the camera.
        found: the camera's address.
        scheme: of the URL, for messages.

    Attributes:
        alive_every: seconds between signs of life that the camera wants.
        bears: seconds for which nothing need be taken, if the size of the system's buffer is known.
    """

    def __init__(self, talk: Talk, found: Found, scheme: str) -> None:
        self.alive_every = _ALIVE
        self.bears = math.inf
        self._talk, self._found, self._scheme = talk, found, scheme
        self._ways: list[_Way] = []
        self._channels: dict[int, int] = {}
        self._as_numbered = False  # as nearly all cameras call them
        self._ours = random.getrandbits(32)

    @property
    def over_udp(self) -> bool:
        """The first stream comes over UDP."""
        return bool(self._ways) and self._ways[0].ports is not None

    def set_up(self, uri: str, *, udp: bool) -> None:
        """Asks for a stream.

        Raises:
            CameraRefused, CameraUnreachable: it does not get going.
        """
        first = 2 * len(self._ways)
        head, ports = self._asked(uri, first, udp=udp)
        if not 200 <= head.status < 300:
            if ports is not None:
                ports.close()
            raise error_reasons.rtsp_error(self._scheme, head.status, head.phrase)
        self._talk.session = head.get("session").partition(";")[0].strip() or self._talk.session
        timeout = _TIMEOUT.search(head.get("session"))
        if not self._ways and timeout and (seconds := int(timeout[1])):
            self.alive_every = seconds / 2 - 1 if seconds > 4 else seconds / 3
        said = head.get("transport")
        port, channel = _SERVER_PORT.search(said), _INTERLEAVED.search(said)
        if ports is not None:
            self.bears = min(self.bears, ports.bears)
        way = _Way(int(channel[1]) if channel else first, ports, int(port[1]) if port else 0)
        if ports is None and way.channel in self._channels:
            raise CameraRefused("gives two streams one channel")
        self._ways.append(way)
        self._channels |= {way.channel: first, way.channel + 1: first + 1}
        self._as_numbered = all(theirs == ours for theirs, ours in self._channels.items())
        self._greet(way)

    def packets(self) -> list[tuple[int, bytes]]:
        """The packets that have come; waits a step at most.

        Each with 0 for RTP or 1 for RTCP of the first stream, and 2 or 3 of the second if there is
        one; any other number: of none.

        Raises:
            SessionLost: the camera ended the conversation.
            Interrupted: by our patience.
        """
        if not self.over_udp:
            carried = self._talk.take()
            if self._as_numbered:
                return carried
            return [(self._channels.get(channel, -1), data) for channel, data in carried]
        packets: list[tuple[int, bytes]] = []
        for number, way in enumerate(self._ways):
            if way.ports is not None:
                came = way.ports.take(0.0 if number else STEP)
                packets += [(2 * number + channel, data) for channel, data in came]
        self._talk.take(waits=False)
        return packets

    def greet(self) -> None:
        """Sends what keeps the ways over UDP open, and says that we receive."""
        for way in self._ways:
            self._greet(way)

    def close(self) -> None:
        """Closes our ports."""
        for way in self._ways:
            if way.ports is not None:
                way.ports.close()

    def _asked(self, uri: str, first: int, *, udp: bool) -> tuple[Head, Ports | None]:
        """The answer to SETUP, over UDP if nothing else is known; `first`: channel over TCP."""
        if not udp:
            ways = f"interleaved={first}-{first + 1}"
            head = self._talk.ask("SETUP", uri, f"Transport: RTP/AVP/TCP;unicast;{ways}")
            if head.status != 461 or self._ways:  # a later stream comes as the first one does
                return head, None
        ports = Ports(self._found)
        try:
            ours = "-".join(map(str, ports.ports))
            head = self._talk.ask("SETUP", uri, f"Transport: RTP/AVP;unicast;client_port={ours}")
        except BaseException:
            ports.close()
            raise
        return head, ports

    def _greet(self, way: _Way) -> None:
        if way.ports is not None:
            way.ports.greet(way.server_port, receiver_report(self._ours))
