"""The process that runs the network: `python -m agent.classify.child`.

Only this process loads a network with OpenCV. A malformed file can abort the process, a huge one
takes all memory, and nothing can end a call from outside. So the process has a limit of memory and
a low priority. The kernel ends it first when memory is short. Its parent (`agent.classify.link`)
kills it when it does not answer.

Conversation, in messages of `agent.runtime.framing`, over the socket with the descriptor that is
the first argument:
    in   {"name", "adapter", "words", "weights", "graph"}           once
    out  {"ready": side} or {"failed": words}                       once; after the latter it ends
    in   {"box": [x, y, w, h] or null} and a JPEG, upright, privacy black
    out  {"things": [[word, label, score, [x, y, w, h]], ...], "cpu": seconds} or {"failed": words}
The end of the connection ends the process.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.runtime.framing import Message, messages, pack

#: Bytes that the network may take beyond Python and OpenCV. YOLOX-nano takes 23 MB, SSD
#: MobileNetV3-large 56 MB, a picture of 16.8 million pixels 50 MB.
MEMORY = 384 * 2**20
#: Added to the agent's own priority (0 most, 19 least): detection, recording and sound go first.
NICENESS = 10
#: Of 1000: with it the kernel ends this process before any other when memory is short.
_EXPENDABLE = "1000"
#: Seconds after which the alarm signal ends this process in the midst of a call. The parent is
#: quicker; this is for the case that it is gone.
_LAST_LIMIT = 150


def main() -> int:
    """Serves until the connection ends; the process's exit code."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    os.dup2(2, 1)  # what C libraries print
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(
            number, signal.SIG_IGN
        )  # the parent ends this process by closing the connection
    os.nice(NICENESS)
    with suppress(OSError):  # not in every container
        Path("/proc/self/oom_score_adj").write_text(_EXPENDABLE)
    signal.alarm(_LAST_LIMIT)
    requests = messages(connection)
    first = next(requests, None)
    if first is None:
        return 0
    with suppress(BrokenPipeError, ConnectionResetError):  # the parent is gone
        try:
            network = _load(first.says)
        except Exception as error:  # noqa: BLE001  whatever it is, the parent says it in words
            _answer(connection, {"failed": _words(error)})
            return 0
        _answer(connection, {"ready": network.side})
        _serve(network, requests, connection)
    return 0


def _words(error: Exception) -> str:
    """A reason of ours as it is, another one with its kind."""
    from agent.core.errors import ConfigError

    return str(error) if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"


def _load(about: dict[str, Any]) -> Any:  # noqa: ANN401  cv2 is loaded here, and not before
    import cv2

    import agent.imaging.jpeg  # noqa: F401  now, and not with the first picture
    from agent.classify.model_files import ModelFiles
    from agent.classify.network import Network
    from agent.core.event_label import Label

    cv2.setNumThreads(1)  # a second thread would take the other core from the cameras
    _limit_memory()
    words = tuple((str(word), Label(group) if group else None) for word, group in about["words"])
    graph = Path(about["graph"]) if about["graph"] else None
    files = ModelFiles(about["name"], about["adapter"], words, Path(about["weights"]), graph)
    return Network(files)


def _limit_memory() -> None:
    """What is allocated beyond `MEMORY` from now on fails, here and not in the agent."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    limit = pages * resource.getpagesize() + MEMORY
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _serve(network: Any, requests: Iterator[Message], connection: socket.socket) -> None:  # noqa: ANN401  see _load
    from agent.core.errors import ConfigError
    from agent.imaging.jpeg import decode_colour

    signal.alarm(0)
    for request, jpeg in requests:
        signal.alarm(_LAST_LIMIT)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        picture = decode_colour(jpeg)
        box = tuple(request["box"]) if request["box"] else None
        try:
            # in a damaged picture is nothing: that is its camera's fault, and no other camera's
            things = [] if picture is None else network.look(picture, box)
        except ConfigError as error:
            _answer(connection, {"failed": str(error)})
            return
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime - usage.ru_utime + after.ru_stime - usage.ru_stime
        told = [[it.word, it.label.value, it.score, it.box] for it in things]
        _answer(connection, {"things": told, "cpu": round(cpu, 5)})
        signal.alarm(0)


def _answer(connection: socket.socket, says: dict[str, Any]) -> None:
    connection.sendall(pack(Message(says)))


if __name__ == "__main__":
    # no tidy exit: a network is not worth being taken apart
    os._exit(main())
