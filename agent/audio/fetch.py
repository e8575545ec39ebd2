"""The process that fetches a sound: `python -m agent.audio.fetch`, one for each URL.

A process, because a look-up of a name has no deadline, and what a stranger's server sends is read
here. The parent (`agent.audio.download`) kills it when its time is over.

Conversation:
    in   {"url": ..., "play_from": [...] | null, "most": bytes, "seconds": 6.0}
    out  {"code": "ok" | "sound_unavailable", "message": ...} and a newline; after `ok` the body
Standard library only: this stays a light process.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import sys
from typing import Any

from agent.audio.sound_urls import UNAVAILABLE, NotFetched, Place, place_of, refusal_of
from agent.runtime.clock import SystemClock

_PIECE = 65_536
_CLOCK = SystemClock()
_HEADERS = {"Accept": "audio/wav, audio/*", "Connection": "close", "User-Agent": "surveillance"}


def main() -> int:
    """Reads what is asked for, answers, ends; the process's exit code."""
    asked = json.loads(sys.stdin.buffer.readline())
    # One second more than the parent waits: this is for the case that it is gone.
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"] + 1.0)
    try:
        body = fetched(asked["url"], asked["play_from"], asked["most"], asked["seconds"])
    except NotFetched as no:
        _answer(UNAVAILABLE, str(no))
    else:
        _answer("ok", f"{len(body)} bytes")
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    return 0


def fetched(url: str, play_from: list[str] | None, most: int, seconds: float) -> bytes:
    """The body behind a URL.

    Args:
        url: as it was sent.
        play_from: the only hosts; None: any, but not this machine.
        most: bytes; a larger body is refused, before it is read where its length is known.
        seconds: for everything but the look-up of the name.

    Raises:
        NotFetched: with a text for who sent the URL.
    """
    until = _CLOCK.monotonic() + seconds
    place = place_of(url, None if play_from is None else tuple(play_from))
    connection = http.client.HTTPConnection(place.host, place.port)
    try:
        connection.sock = _connected(place, until)
        connection.putrequest("GET", place.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", place.authority)
        for name, value in _HEADERS.items():
            connection.putheader(name, value)
        connection.endheaders()
        return _body(connection.getresponse(), place, most, until)
    except TimeoutError:
        raise NotFetched(f"{place.host} does not answer within {seconds:g} s") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, NotFetched):
            raise
        raise NotFetched(f"{place.host}: {_words(error)}") from None
    finally:
        connection.close()


def _connected(place: Place, until: float) -> socket.socket:
    """A connection to the address that was looked at: a second look-up could give another one."""
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotFetched(f"there is no host {place.host[:60]}") from None
    why = "no address"
    for family, kind, proto, _, address in found:
        refused = None if place.named else refusal_of(str(address[0]))
        if refused is not None:
            why = f"it is {refused}; beep.play_from can name it"
            continue
        sock = socket.socket(family, kind, proto)
        try:
            sock.settimeout(max(0.1, until - _CLOCK.monotonic()))
            sock.connect(address)
            return _secured(sock, place) if place.secure else sock
        except OSError as error:
            sock.close()
            why = _words(error)
            if isinstance(error, TimeoutError):
                raise
    raise NotFetched(f"{place.host[:60]} is not asked: {why}")


def _secured(sock: socket.socket, place: Place) -> socket.socket:
    return ssl.create_default_context().wrap_socket(sock, server_hostname=place.host)


def _body(response: http.client.HTTPResponse, place: Place, most: int, until: float) -> bytes:
    if 300 <= response.status < 400:
        raise NotFetched(f"{place.host} redirects to another URL: send that one")
    if response.status != 200:
        raise NotFetched(f"{place.host} answers {response.status}")
    too_much = NotFetched(f"{place.host} sends more than {most} bytes")
    if response.length is not None and response.length > most:
        raise too_much
    body = b""
    while piece := response.read1(_PIECE):
        body += piece
        if len(body) > most:
            raise too_much
        if _CLOCK.monotonic() > until:
            raise TimeoutError
    if response.length:  # of the announced bytes some are missing
        raise NotFetched(f"{place.host} ended before the sound did")
    return body


def _words(error: Exception) -> str:
    """The system's words, never the server's."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _answer(code: str, message: str) -> None:
    answer: dict[str, Any] = {"code": code, "message": message}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    code = main()
    # No tidy exit: a thread of a look-up may hang.
    os._exit(code)
