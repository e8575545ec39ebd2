"""The process that runs the network: `python -m agent.classify.child`.

Only here does OpenCV load a network. A malformed file can abort the process that loads it, a huge
one takes all memory, and a call into it cannot be ended from outside. So the process has a limit of
memory, is the first that the kernel ends when memory is short, gives way to everything else, and
its parent (`agent.classify.link`) kills it when it does not answer.

Conversation, one line of JSON each:
    in   {"name", "adapter", "words", "weights", "graph"}           once
    out  {"ready": side} or {"failed": words}                       once; after the latter it ends
    in   {"box": [x, y, w, h] or null, "size": n}, then n bytes of JPEG, upright, privacy black
    out  {"things": [[word, label, score, [x, y, w, h]], ...], "cpu": seconds} or {"failed": words}
End of input ends the process.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

#: Bytes that the network may take besides what Python and OpenCV have taken: YOLOX-nano takes 23
#: MB, SSD MobileNetV3-large 56 MB, a picture of 16.8 million pixels 50 MB.
MEMORY = 384 * 2**20
#: Added to the agent's own priority (0 most, 19 least): detection, recording and sound go first.
NICENESS = 10
#: Of 1000: with it the kernel ends this process before any other when memory is short.
_EXPENDABLE = "1000"
#: Seconds after which the alarm signal ends this process in the midst of a call. The parent is
#: quicker; this is for the case that it is gone.
_LAST_LIMIT = 150


def main() -> int:
    """Serves until the input ends; the process's exit code."""
    answers = _own_stdout()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the parent ends this process by closing the input
    os.nice(NICENESS)
    with suppress(OSError):  # not in every container
        Path("/proc/self/oom_score_adj").write_text(_EXPENDABLE)
    signal.alarm(_LAST_LIMIT)
    requests = sys.stdin.buffer
    line = requests.readline()
    if not line:
        return 0
    from agent.core.errors import ConfigError

    try:
        network = _load(json.loads(line))
    except ConfigError as error:
        _answer(answers, {"failed": str(error)})
        return 0
    _answer(answers, {"ready": network.side})
    _serve(network, requests, answers)
    return 0


def _load(about: dict[str, Any]) -> Any:  # noqa: ANN401  cv2 is loaded here, and not before
    import cv2

    import agent.imaging.jpeg  # noqa: F401  now, and not with the first picture
    from agent.classify.model_files import ModelFiles
    from agent.classify.network import Network
    from agent.core.named import Label

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


def _serve(network: Any, requests: BinaryIO, answers: BinaryIO) -> None:  # noqa: ANN401  see _load
    from agent.core.errors import ConfigError
    from agent.imaging.jpeg import decode_colour

    signal.alarm(0)
    while line := requests.readline():
        request = json.loads(line)
        jpeg = requests.read(request["size"])
        signal.alarm(_LAST_LIMIT)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        picture = decode_colour(jpeg)
        if picture is None:
            _answer(answers, {"failed": "the picture is damaged"})
            continue
        box = tuple(request["box"]) if request["box"] else None
        try:
            things = network.look(picture, box)
        except ConfigError as error:
            _answer(answers, {"failed": str(error)})
            return
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime - usage.ru_utime + after.ru_stime - usage.ru_stime
        told = [[it.word, it.label.value, it.score, it.box] for it in things]
        _answer(answers, {"things": told, "cpu": round(cpu, 5)})
        signal.alarm(0)


def _own_stdout() -> BinaryIO:
    """The channel for answers; from now on, what C libraries print goes to stderr instead."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answers


def _answer(answers: BinaryIO, says: dict[str, Any]) -> None:
    answers.write(json.dumps(says).encode() + b"\n")


if __name__ == "__main__":
    # no tidy exit: a network is not worth being taken apart
    os._exit(main())
