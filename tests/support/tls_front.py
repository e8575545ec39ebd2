"""TLS in front of a server that speaks without: each connection may show another certificate."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def tls_front(port: int, contexts: Sequence[ssl.SSLContext]) -> Iterator[tuple[int, list[int]]]:
    """The port, and the bytes that came through each connection; the last context repeats."""
    heard: list[int] = []

    def pump(source: socket.socket, target: socket.socket, number: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if number is not None:
                    heard[number] += len(data)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def one(connection: socket.socket, number: int) -> None:
        context = contexts[min(number, len(contexts) - 1)]
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) as near,
            socket.create_connection(("127.0.0.1", port)) as far,
        ):
            back = threading.Thread(target=pump, args=(far, near, None), daemon=True)
            back.start()
            pump(near, far, number)
            back.join()

    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    heard.append(0)
                    number = len(heard) - 1
                    threading.Thread(target=one, args=(connection, number), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
