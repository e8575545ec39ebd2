"""The `discover` command: lists the cameras of the family that answer."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from agent.camera.hk.address import DEFAULT_PORT, SCHEME
from agent.camera.hk.discovery import broadcast_targets, find
from agent.camera.hk.discovery_packets import DISCOVERY_PORT, Found
from agent.core.errors import reason_of
from agent.runtime.clock import SystemClock, Waitable

#: Cameras answer within a second; a second question may be needed.
DEADLINE = 3.0

#: Seconds that the command waits.
_LONGEST = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    add = parser.add_argument
    add("--target", action="append", metavar="HOST", help="ask this address instead of everybody")
    add("--seconds", type=_seconds, default=DEADLINE, help="how long to wait; default 3")
    add("--port", type=int, default=DISCOVERY_PORT, help="where cameras listen; default 2627")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds, at most {_LONGEST:g}")
    return seconds


def run(args: argparse.Namespace, stop: Waitable, show: Callable[[str], None]) -> int:
    """Asks, waits, shows; the exit code: 0, or 1 when no camera answered or none can be asked."""
    targets = args.target or broadcast_targets()
    show(f"asking {', '.join(targets)} on UDP port {args.port} for {args.seconds:g} s ...")
    try:
        cameras = find(
            targets,
            SystemClock(),
            lambda: not stop.is_set(),
            args.seconds,
            port=args.port,
        )
    except OSError as error:
        show(f"discovery: {', '.join(targets)}: {reason_of(error)}")
        return 1
    except (OverflowError, UnicodeError):
        show("discovery: there is no such host, or no such port")
        return 1
    for line in table(cameras):
        show(line)
    return 0 if cameras else 1


def usual_source(camera: Found) -> str:
    """What goes into the configuration."""
    port = _session_port(camera)
    suffix = "" if port == DEFAULT_PORT else f":{port}"
    return f"{SCHEME}://{camera.host}{suffix}"


def _session_port(camera: Found) -> int:
    """A port that is one's own of the discovery is no session's: the usual one is right then."""
    return camera.port if camera.port not in {0, DISCOVERY_PORT} else DEFAULT_PORT


def table(cameras: Sequence[Found]) -> list[str]:
    """What was found, for people; `source` is what goes into the configuration."""
    if not cameras:
        return [
            "no camera answered; one that does not may still be usable by its address",
            "the same brands sold PPPP cameras (UDP 32108), which are another family",
        ]
    rows = [("address", "id", "port", "name", "source")]
    for camera in cameras:
        name = camera.name or camera.kind or "-"
        port = str(_session_port(camera))
        rows.append((camera.host, camera.hkid or "-", port, name, usual_source(camera)))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
