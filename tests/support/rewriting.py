"""A server behind another port, of whose answers something is written otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def rewriting(
    port: int,
    before: bytes = b"",
    after: bytes = b"",
    heard: Callable[[bytes], object] = lambda _data: None,
) -> Iterator[int]:
    """The port; `before` becomes `after` in answers, and `heard` gets what the server is told."""

    def pump(source: socket.socket, target: socket.socket, *, down: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not down:
                    heard(data)
                target.sendall(data.replace(before, after) if down and before else data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near = stack.enter_context(server.accept()[0])
                    far = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                    for source, target, down in ((near, far, False), (far, near, True)):
                        threading.Thread(
                            target=pump, args=(source, target), kwargs={"down": down}, daemon=True
                        ).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
