"""The near end of the process that runs the network: starts it, asks, hears, kills it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from agent.classify.adapters import Seen
from agent.classify.geometry import Box
from agent.classify.model_files import ModelFiles
from agent.core.errors import ConfigError
from agent.core.event_label import Label
from agent.runtime.child_link import ChildGone, ChildLink
from agent.runtime.clock import Clock
from agent.runtime.framing import BadMessage

#: Bytes; an answer has at most 50 things for each of three looks. Each has some 100 bytes, and a
#: word that may take 6 bytes a character.
_LONGEST_ANSWER = 131_072
#: Seconds that a process may take to load OpenCV and the network and to look once: 1 s here. It has
#: a low priority: with 35 busy processes on two cores it took 40 s. A shorter limit would end and
#: restart it without end.
LOAD_WITHIN = 120.0
_FOREIGN = "its process does not speak our language"


@dataclass(frozen=True, slots=True)
class Ready:
    """The network is loaded and has given an answer of the right shape; its side in pixels."""

    side: int


@dataclass(frozen=True, slots=True)
class Looked:
    """What is in a picture, and the seconds of CPU that it took to find out."""

    things: tuple[Seen, ...]
    cpu: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no answer; the process is of no more use."""

    reason: str


Answer = Ready | Looked | Failed


class Link:
    """A running process with a network. Owned by one thread; `poll` blocks up to its argument.

    The first answer is `Ready` or `Failed`, then one comes for each `look`. After `Failed` it is to
    be closed.

    Args:
        files: of the network.

    Raises:
        OSError: the system cannot start a process.
    """

    def __init__(self, files: ModelFiles) -> None:
        # not a session of its own: Linux shares the processor out by sessions first, and its low
        # priority would mean nothing next to the agent
        quiet = {"OPENCV_LOG_LEVEL": "SILENT"}  # the reason comes as an answer
        self._link = ChildLink("agent.classify.child", _LONGEST_ANSWER, env=quiet, process_group=0)
        self._link.send(
            {
                "name": files.name,
                "adapter": files.adapter,
                "words": [[word, group and group.value] for word, group in files.words],
                "weights": os.path.abspath(files.weights),  # noqa: PTH100  as the child sees it
                "graph": files.graph and os.path.abspath(files.graph),  # noqa: PTH100
            }
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._link.pid

    def look(self, jpeg: bytes, box: Box | None) -> None:
        """Asks for one picture, upright, privacy polygons black; `poll` brings the answer."""
        self._link.send({"box": box}, jpeg)

    def poll(self, timeout: float) -> Answer | None:
        """Sends and receives for at most `timeout` seconds; may return None early."""
        try:
            says = self._link.poll(timeout)
        except BadMessage:
            return Failed(_FOREIGN)
        except ChildGone as gone:
            return Failed(_how_it_ended(gone.status))
        return None if says is None else _parsed(says)

    def close(self) -> None:
        """Kills the process immediately, in any state."""
        self._link.kill()


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "its process closed its output"
    if code < 0:
        return f"its process was ended by signal {-code}, by the file or for want of memory"
    return f"its process ended with code {code}"


def _parsed(says: dict[str, Any]) -> Answer:
    try:
        if "failed" in says:
            return Failed(str(says["failed"])[:300])
        if "ready" in says:
            return Ready(int(says["ready"]))
        things = tuple(_seen(*thing) for thing in says["things"])
        return Looked(things, float(says["cpu"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return Failed(_FOREIGN)


def _seen(word: object, label: str, score: float, box: list[float]) -> Seen:
    x, y, w, h = box
    return Seen(str(word), Label(label), float(score), (float(x), float(y), float(w), float(h)))


def proven(files: ModelFiles, clock: Clock, within: float = LOAD_WITHIN) -> int:
    """The side in pixels of a network that was loaded, and has looked once, in its own process.

    Args:
        files: of the network.
        clock: for the deadline.
        within: seconds.

    Raises:
        ConfigError: it is none, is too large, ends its process, or takes longer.
    """
    try:
        link = Link(files)
    except OSError as error:
        raise ConfigError(f"{files.weights}: no process for it: {error.strerror}") from None
    until = clock.monotonic() + within
    try:
        while (left := until - clock.monotonic()) > 0:
            answer = link.poll(min(left, 0.25))
            if isinstance(answer, Ready):
                return answer.side
            if answer is not None:
                reason = answer.reason if isinstance(answer, Failed) else "it is out of step"
                raise ConfigError(f"{files.weights}: {reason}")
    finally:
        link.close()
    raise ConfigError(f"{files.weights}: no answer in {within:.0f} s")
