"""The child process that reads the store for the page; it can hang without hanging anybody else.

Run as `python -m agent.storage.reading.child FD`, with the descriptor of a connected socket. One
request at a time, one answer each. It writes nothing.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from typing import Any

from agent.core.errors import StoreUnavailable
from agent.runtime.allocator import keep_small
from agent.runtime.framing import Message, messages, pack
from agent.storage.reading.library import Library, Unknown
from agent.storage.store.identity import Terms, look_at_store

_LARGEST_KEPT = 1 << 17
#: Bytes of memory; the largest manifest takes a good part of it.
_MOST_MEMORY = 512 << 20
#: Errors that a foreign file in the store can cause.
_NONSENSE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)


class ReadingChild:
    """Answers requests about one store."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._library: Library | None = None

    def run(self) -> None:
        """Serves until the connection is closed."""
        for message in messages(self._connection):
            self._connection.sendall(pack(self._answer(message.says)))

    def _answer(self, says: dict[str, Any]) -> Message:
        try:
            return self._found(says)
        except Unknown as error:
            return Message({"unknown": str(error)})
        except (StoreUnavailable, OSError) as error:
            self._forget()
            return Message({"failed": getattr(error, "strerror", None) or str(error)})
        except _NONSENSE as error:
            words = f"the image store holds what makes no sense ({type(error).__name__})"
            return Message({"failed": words})

    def _found(self, says: dict[str, Any]) -> Message:
        terms = Terms(**says["terms"])
        if self._library is None:
            self._library = Library(look_at_store(terms))
        self._library.check(terms.path)
        library, camera = self._library, str(says["camera"])
        match says["do"]:
            case "days":
                return Message({"days": library.days(camera)})
            case "day":
                return Message(library.day(camera, str(says["day"])))
            case "moment":
                return Message(library.moment(camera, str(says["day"]), float(says["at"])))
            case "event_file":
                where = (camera, str(says["day"]), str(says["event"]), str(says["kind"]))
                return Message(*library.event_file(*where, int(says["at"]), int(says["size"])))
            case _:
                where_ = (camera, str(says["day"]), int(says["part"]))
                return Message(*library.film(*where_, int(says["at"]), int(says["size"])))

    def _forget(self) -> None:
        """The next request opens the store again: it may have been mounted meanwhile."""
        if self._library is not None:
            self._library.close()
            self._library = None


def main() -> None:
    """Serves the connection whose descriptor is the first argument."""
    keep_small(_LARGEST_KEPT)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    for number in (signal.SIGINT, signal.SIGHUP):  # meant for the agent
        signal.signal(number, signal.SIG_IGN)
    connection = socket.socket(fileno=int(sys.argv[1]))
    try:
        ReadingChild(connection).run()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)


if __name__ == "__main__":
    main()
