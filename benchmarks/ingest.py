"""CPU per image datagram of the camera's real path, against a bare receive loop.

    python benchmarks/ingest.py [--frames 150] [--rounds 5] [--fps 30]

Real: `HkSource` with its socket, link, acknowledgements and assembler, frames thrown away. Bare:
the same session, then `recv()` and nothing else. Answering: bare, with an acknowledgement sent
after every fifth datagram, which the protocol demands of every reader; shown, not judged. A second
process sends 54 kB frames, five at a time or a whole frame in a burst. Rounds alternate; the least
CPU time of this process per datagram counts. The goal is a ratio of at most 1.8 (burst).
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from agent.camera.hk import packets
from agent.camera.hk.address import HkAddress
from agent.camera.hk.link import CameraLink
from agent.camera.hk.session import hk_source
from agent.camera.hk.simulator.camera_side import CameraSide
from agent.camera.hk.simulator.datagrams import Fragmenter
from agent.camera.hk.simulator.session_base import Manners
from agent.core.frame import Frame
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker

FRAME_SIZE = 54_000
GOAL = 1.8
FIVES = 5


def picture(seed: int) -> bytes:
    """A JPEG by its markers; its scan is stuffed noise."""
    rng = random.Random(seed)  # noqa: S311  repeatable on purpose
    size = b"\x08\x01\xe0\x02\x80" + bytes(10)
    head = b"\xff\xd8\xff\xc0\x00\x11" + size + b"\xff\xda\x00\x0c" + bytes(10)
    noise = rng.randbytes(FRAME_SIZE).replace(b"\xff", b"\xff\x00")
    return head + noise[: FRAME_SIZE - len(head) - 4] + b"\x01\x01\xff\xd9"


def serve(pipe: Connection, fps: float, frames: int, *, fives: bool) -> None:
    """The sending process: opens one session after the other and streams into each."""
    pictures = [picture(seed) for seed in range(8)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        pipe.send(sock.getsockname()[1])
        while True:
            side = CameraSide(Manners())
            while side.streaming_to is None:
                datagram, client = sock.recvfrom(2048)
                if datagram == b"end":
                    return
                side.receive(datagram, client, 0.0)
                for reply, address in side.to_send():
                    sock.sendto(reply, address)
            pipe.send(stream(sock, side.streaming_to, pictures, fps, frames, fives=fives))


def stream(
    sock: socket.socket,
    client: tuple[str, int],
    pictures: list[bytes],
    fps: float,
    frames: int,
    *,
    fives: bool,
) -> int:
    """Sends so many frames in their time; returns the number of datagrams."""
    fragmenter = Fragmenter()
    sent = 0
    due = time.monotonic()
    for index in range(frames):
        datagrams = fragmenter.cut(
            pictures[index % 8], pictures[(index + 1) % 8], joined=index + 1 < frames
        ).datagrams
        gap = 0.7 / fps / (len(datagrams) / FIVES) if fives else 0.0
        for at, datagram in enumerate(datagrams):
            if fives and at % FIVES == 0:
                time.sleep(max(0.0, due + at // FIVES * gap - time.monotonic()))
            sock.sendto(datagram, client)
        sent += len(datagrams)
        due += 1.0 / fps
        time.sleep(max(0.0, due - time.monotonic()))
    return sent


def bare(port: int, frames: int) -> float:
    """CPU seconds of a loop that opens a session, receives and does nothing."""
    return receive_only(port, frames, answer=None)


def answering(port: int, frames: int) -> float:
    """The same with acknowledgements, always the same one: the sender does not read them."""
    return receive_only(port, frames, answer=packets.FIRST_ACK)


def receive_only(port: int, frames: int, answer: bytes | None) -> float:
    """CPU seconds for receiving all datagrams of so many frames."""
    camera = ("127.0.0.1", port)
    expected = len(cut_once(frames))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        sock.bind(("127.0.0.1", 0))
        link = CameraLink(1, 0.0)
        while not link.is_open:
            for datagram in link.to_send():
                sock.sendto(datagram, camera)
            link.receive(sock.recv(2048), 0.0)
        begun = time.process_time()
        if answer is None:
            for _ in range(expected):
                sock.recv(2048)
        else:
            for count in range(1, expected + 1):
                sock.recv(2048)
                if not count % packets.FRAGMENTS_PER_ACK:
                    sock.sendto(answer, camera)
        return time.process_time() - begun


def cut_once(frames: int) -> list[int]:
    """The datagrams of a run, by their sizes: what the bare loop has to wait for."""
    fragmenter = Fragmenter()
    pictures = [picture(seed) for seed in range(8)]
    return [
        len(datagram)
        for index in range(frames)
        for datagram in fragmenter.cut(
            pictures[index % 8], pictures[(index + 1) % 8], joined=index + 1 < frames
        ).datagrams
    ]


def real(port: int, frames: int) -> float:
    """CPU seconds of the source from its first frame's session to the last frame."""
    clock = SystemClock()
    delivered = 0
    begun = 0.0
    spent = 0.0

    def on_frame(_frame: Frame) -> None:
        nonlocal delivered, spent
        delivered += 1
        if delivered == frames:
            spent = time.process_time() - begun
            worker.stop.set()

    address = HkAddress("127.0.0.1", port)
    source = hk_source("bench", address, clock, on_frame, lambda _state: None)
    worker = Worker("bench", source.run, clock, lambda _name, _error: None)
    begun = time.process_time()
    source.run(worker)  # in this thread: nobody else runs in this process
    assert source.stats.frames == frames
    assert source.stats.frames_damaged == 0
    return spent


ARMS = (bare, answering, real)


def measure(fps: float, frames: int, rounds: int, *, fives: bool) -> list[float]:
    """Least CPU microseconds per datagram: bare, answering, real."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(
        target=serve, args=(theirs, fps, frames), kwargs={"fives": fives}, daemon=True
    )
    process.start()
    port: int = ours.recv()
    least: dict[Callable[[int, int], float], float] = {}
    for _ in range(rounds):
        for arm in ARMS:
            spent = arm(port, frames)
            datagrams: int = ours.recv()
            each = spent / datagrams * 1e6
            least[arm] = min(each, least.get(arm, each))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"end", ("127.0.0.1", port))
    process.join(2.0)
    return [least[arm] for arm in ARMS]


def main() -> None:
    """Prints a line per pacing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fps", type=float, default=30.0)
    args = parser.parse_args()
    for fives in (False, True):
        one, two, three = measure(args.fps, args.frames, args.rounds, fives=fives)
        name = "fives" if fives else "burst"
        print(
            f"{name} at {args.fps:g} fps: bare {one:.2f} us, answering {two:.2f} us, "
            f"real {three:.2f} us per datagram, ratio {three / one:.2f} (goal {GOAL}), "
            f"to answering {three / two:.2f}"
        )


if __name__ == "__main__":
    main()
