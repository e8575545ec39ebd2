"""The `simulate-camera` command: options to a simulator that runs until a signal stops it."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace

from agent.camera.hk.address import DEFAULT_PORT
from agent.camera.hk.dialects import Dialect
from agent.camera.hk.discovery_packets import DISCOVERY_PORT
from agent.camera.hk.packets import AckMode
from agent.camera.hk.simulator.player import Streaming
from agent.camera.hk.simulator.server import Simulator, SimulatorOptions
from agent.camera.hk.simulator.session_base import Manners
from agent.camera.hk.simulator.wire_faults import Faults
from agent.camera.played_pictures import CAMERA_SIZE
from agent.core.errors import ConfigError
from agent.runtime.clock import SystemClock, Waitable
from agent.runtime.worker import Worker

log = logging.getLogger(__name__)

#: The fastest a simulated camera sends; twice the real one's limit.
FPS_LIMIT = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    add = parser.add_argument
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="local address to serve on")
    add("--port", type=_port, default=DEFAULT_PORT, help="UDP port, 0 for a free one")
    add("--source", metavar="PATH", help="a clip or a folder of JPEGs; default: a made-up scene")
    add("--size", type=_size, default=CAMERA_SIZE, metavar="WxH|own", help="of a clip's frames")
    add("--fps", type=_fps, default=3.0, help="frames per second")
    add("--once", action="store_true", help="hold the last frame instead of starting again")
    add("--wait", action="store_true", help="begin the scene with the first session")
    add("--seed", type=int, default=1, help="of the faults and of the scene's noise")
    for name, what in (
        ("loss", "are lost"),
        ("repeat", "come twice"),
        ("reorder", "come late"),
        ("garbage", "follow noise"),
    ):
        text = f"part of the image datagrams that {what}, 0 to 1"
        add(f"--{name}", type=_part, default=0.0, metavar="PART", help=text)
    for name, what in (
        ("stall", "pause the pictures"),
        ("silence", "neither send nor hear"),
        ("reboot", "forget the session and be deaf"),
    ):
        text = f"{what} for this time, every --every seconds"
        add(f"--{name}", type=_seconds, default=0.0, metavar="SECONDS", help=text)
    add("--every", type=_seconds, default=30.0, metavar="SECONDS", help="between such faults")
    add("--refuse", type=int, default=0, metavar="N", help="number of statuses to refuse at first")
    add("--resource-reply", type=int, default=155, metavar="BYTES", help="155 or 156")
    add("--start-reply", type=int, default=368, metavar="BYTES", help="334, 368 or 372")
    add("--extra-early", action="store_true", help="42 bytes before the resource reply")
    add("--extra-late", action="store_true", help="42 bytes before the start reply")
    add("--burst", action="store_true", help="all datagrams of a frame together, not in fives")
    add("--separate", action="store_true", help="never join a frame's end and the next start")
    text = "which numbers its acknowledgements must have: of the known client, or counted"
    add("--ack", choices=[str(mode) for mode in AckMode], default="legacy", help=text)
    text = "1: the seed camera's; 2: MD81 and others, not confirmed on hardware"
    add("--dialect", choices=[str(dialect) for dialect in Dialect], default="1", help=text)
    add("--id", default=Manners().hkid, help="what the camera calls itself in dialect 2")
    text = "where the discovery is answered; default: 2627 in dialect 2, nowhere in dialect 1"
    add("--discovery-port", type=_port, default=None, metavar="PORT", help=text)


def run_from_args(args: argparse.Namespace, stop: Waitable) -> int:
    """Serves until `stop` is set.

    Returns:
        The exit code: 0, 2 when the options cannot be used, 70 when the simulator broke down.
    """
    clock = SystemClock()
    try:
        simulator = Simulator(options_from_args(args), clock)
    except (ConfigError, ValueError, OSError) as error:
        log.error("simulator: %s", error)  # noqa: TRY400  the text says it all
        return 2
    worker = Worker("simulator", simulator.run, clock, lambda _name, _error: None)
    worker.start()
    next_fault = clock.monotonic() + args.every
    while not clock.wait(stop, 0.25) and not worker.join(0.0):
        if clock.monotonic() >= next_fault:
            next_fault += args.every
            _disturb(simulator, args)
    broke_down = worker.join(0.0)
    worker.stop.set()
    worker.join(2.0)
    stats = simulator.stats
    log.info(
        "simulator: %d frames, %d whole, %d datagrams, %d lost, %d acknowledgements, %d complaints",
        stats.frames,
        stats.frames_whole,
        stats.datagrams,
        stats.lost,
        stats.acks,
        stats.complaints,
    )
    return 70 if broke_down else 0


def options_from_args(args: argparse.Namespace) -> SimulatorOptions:
    """What the command's options mean."""
    faults = Faults(args.loss, args.repeat, args.reorder, args.garbage)
    stream = Streaming(fps=args.fps, fives=not args.burst, faults=faults)
    if args.separate:
        stream = replace(stream, joined_after=None)
    dialect = Dialect(args.dialect)
    discovery = args.discovery_port
    if discovery is None and dialect is Dialect.SECOND:
        discovery = DISCOVERY_PORT
    return SimulatorOptions(
        host=args.bind,
        port=args.port,
        source=args.source,
        size=args.size,
        seed=args.seed,
        loop=not args.once,
        start_with_session=args.wait,
        stream=stream,
        manners=Manners(
            refusals=args.refuse,
            resource_reply=args.resource_reply,
            start_reply=args.start_reply,
            extra_early=args.extra_early,
            extra_late=args.extra_late,
            ack=AckMode(args.ack),
            hkid=args.id,
        ),
        dialect=dialect,
        discovery_port=discovery,
    )


def _disturb(simulator: Simulator, args: argparse.Namespace) -> None:
    if args.stall:
        simulator.stall(args.stall)
    if args.silence:
        simulator.silence(args.silence)
    if args.reboot:
        simulator.reboot(args.reboot)


def _number(text: str, least: float, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {what}, {least:g} to {most:g}")
    return number


def _part(text: str) -> float:
    return _number(text, 0.0, 1.0, "a part")


def _seconds(text: str) -> float:
    return _number(text, 0.0, 86400.0, "seconds")


def _fps(text: str) -> float:
    return _number(text, 0.1, FPS_LIMIT, "frames per second")


def _port(text: str) -> int:
    return int(_number(text, 0, 65535, "a port"))


def _size(text: str) -> tuple[int, int] | None:
    if text == "own":
        return None
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 4096 >= int(height) >= 16):
        raise argparse.ArgumentTypeError(f"{text!r}: expected WIDTHxHEIGHT, 16 to 4096, or own")
    return int(width), int(height)
