"""Asks cameras of the family for their names, over UDP: the socket around `discovery_packets`."""

from __future__ import annotations

import logging
import random
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from agent.camera.hk.discovery_packets import (
    ANSWER_MAX,
    CLIENT_PORT,
    DISCOVERY_PORT,
    Found,
    parse_answer,
    question,
)
from agent.camera.hk.packets2 import is_id
from agent.core.errors import CameraUnreachable
from agent.runtime.clock import Clock

log = logging.getLogger(__name__)

#: Seconds between two questions to the caller whether to continue.
_STEP = 0.25
#: The question is repeated: UDP loses datagrams.
_ASK_EVERY = 1.0
#: Bounds what a network full of strangers can make us keep and look at.
FOUND_MOST = 256
_DATAGRAMS_MOST = 5000
#: Linux, linux/sockios.h: the broadcast address of an interface.
_SIOCGIFBRDADDR = 0x8919

EVERYBODY = "255.255.255.255"


def find(
    targets: Sequence[str],
    clock: Clock,
    go_on: Callable[[], bool],
    seconds: float,
    *,
    port: int = DISCOVERY_PORT,
    most: int = FOUND_MOST,
) -> list[Found]:
    """The cameras that answer within `seconds`, by address; ends early with `most` of them.

    Args:
        targets: IPv4 addresses or names; `EVERYBODY` asks the whole network.
        clock: for the deadline.
        go_on: asked four times a second; False ends the search.
        seconds: how long to wait for answers.
        port: where cameras listen.
        most: the search ends after this number of cameras.

    Raises:
        OSError: there is no way to any of the targets.
    """
    marker = f"0x0x{random.getrandbits(32):08x}:{random.getrandbits(31)}"  # no secret
    found: dict[tuple[str, str], Found] = {}
    with _bound() as sock:
        ask = question(marker, sock.getsockname()[1], clock.utc().timestamp())
        now = clock.monotonic()
        deadline, ask_at = now + seconds, now
        for _ in range(_DATAGRAMS_MOST):
            if now >= deadline or len(found) >= most or not go_on():
                break
            if now >= ask_at:
                ask_at = now + _ASK_EVERY
                _send(sock, ask, targets, port)
            sock.settimeout(max(0.001, min(_STEP, deadline - now)))
            with suppress(OSError):  # nothing came, or somebody says that nobody listens there
                datagram, (host, *_) = sock.recvfrom(ANSWER_MAX + 1)
                camera = parse_answer(datagram, host, marker)
                if camera is not None:
                    found.setdefault((host, camera.hkid), camera)
            now = clock.monotonic()
    return [found[key] for key in sorted(found)]


def ask_id(host: str, clock: Clock, go_on: Callable[[], bool], seconds: float, port: int) -> str:
    """What the camera at an IPv4 address calls itself.

    Raises:
        CameraUnreachable: it does not say, or nothing that could be an id.
    """
    found: list[Found] = []
    with suppress(OSError):
        found = find([host], clock, go_on, seconds, port=port, most=1)
    if not found or not is_id(found[0].hkid):
        raise CameraUnreachable(f"no answer to the discovery on port {port}")
    return found[0].hkid


def broadcast_targets() -> list[str]:
    """The broadcast addresses of this machine's networks, and the one for all of them."""
    targets = [EVERYBODY]
    if sys.platform != "linux":
        return targets
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode()[:15])
            with suppress(OSError):  # it has none
                answer = fcntl.ioctl(sock.fileno(), _SIOCGIFBRDADDR, asked)
                address = socket.inet_ntoa(answer[20:24])
                if address not in {"0.0.0.0", *targets}:  # noqa: S104  no binding: "none"
                    targets.append(address)
    return targets


def _bound() -> socket.socket:
    """A socket on the port that clients of the family use, or on any where that is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        try:
            sock.bind(("", CLIENT_PORT))
        except OSError:
            sock.bind(("", 0))
    except OSError:
        sock.close()
        raise
    return sock


def _send(sock: socket.socket, ask: bytes, targets: Sequence[str], port: int) -> None:
    """Asks all targets; one that cannot be reached costs the others nothing."""
    failures: list[OSError] = []
    for target in targets:
        try:
            sock.sendto(ask, (target, port))
        except OSError as error:
            log.debug("discovery: %s: %s", target, error)
            failures.append(error)
    if len(failures) == len(targets):
        raise failures[0]
