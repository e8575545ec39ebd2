"""What comes over the connection of RTSP: answers, requests, and packets between them. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from agent.camera.http.head import Head, NoHttp, parse_head

_DOLLAR = 0x24
#: Bounds what is put together of a message that is none.
_MOST_MESSAGE = 64 * 1024
#: A packet of RTP or RTCP on one of our channels, or an answer.
_BEGINS = re.compile(rb"\$[\x00-\x03][\x00-\x7f].[\x80-\xbf]|RTSP/1\.", re.DOTALL)
#: The end of a head; some cameras write no carriage returns.
_END = re.compile(rb"\r?\n\r?\n")
_PREFIX = 4  # bytes before a packet: dollar, channel, length (RFC 2326, 10.12)


class Message(NamedTuple):
    """An answer, or a request of the camera's: then `head` is None and `line` its first line."""

    head: Head | None
    line: str
    body: bytes
    number: str = ""  # CSeq


#: The channel that a packet came on, and the packet. A plain tuple: there are hundreds a second.
Carried = tuple[int, bytes]


class Framing:
    """Takes the bytes as they come and parts them.

    What is neither is stepped over, up to where a packet or an answer begins.

    Args:
        rest: what came behind the answer before.

    Attributes:
        skipped: bytes that were neither.
        missing: bytes until something is whole, at least.
    """

    def __init__(self, rest: bytes = b"") -> None:
        self._rest = rest
        self.skipped = 0
        self.missing = 1

    def add(self, data: bytes) -> tuple[list[Carried], list[Message]]:
        """Takes what came; gives what is whole."""
        found: list[Carried] = []
        messages: list[Message] = []
        data = self._rest + data if self._rest else data
        at, end, self.missing = 0, len(data), 1
        while at < end:
            if data[at] == _DOLLAR:
                begin = at + _PREFIX
                if begin > end:
                    break
                stop = begin + (data[at + 2] << 8 | data[at + 3])
                if stop > end:
                    self.missing = stop - end
                    break
                found.append((data[at + 1], data[begin:stop]))
                at = stop
            elif data[at] in b"\r\n":
                at += 1
            elif 0x41 <= data[at] <= 0x5A:  # A to Z
                read = _message(data[at : at + 2 * _MOST_MESSAGE])
                if read is None and end - at <= _MOST_MESSAGE:
                    break
                if read is None:
                    at += self._skip(data, at)
                    continue
                message, size = read
                messages.append(message)
                at += size
            else:
                at += self._skip(data, at)
        self._rest = data[at:]
        return found, messages

    def _skip(self, data: bytes, at: int) -> int:
        """Bytes up to where something may begin."""
        found = _BEGINS.search(data, at + 1)
        size = (found.start() if found else len(data)) - at
        self.skipped += size
        return size


def _message(data: bytes) -> tuple[Message, int] | None:
    """A message and its size; None: it is not whole yet, or is none."""
    end = _END.search(data)
    if end is None:
        return None
    line, _, fields = data[: end.start()].replace(b"\r\n", b"\n").partition(b"\n")
    # a request has the fields of an answer
    answers = line.startswith(b"RTSP/")
    first = line if answers else b"RTSP/1.0 200 OK"
    try:
        parsed = parse_head(first + b"\r\n" + fields + b"\r\n\r\n", "RTSP")
    except NoHttp:
        return None
    if parsed is None:
        return None
    head = parsed[0]
    size = end.end() + min(head.length or 0, _MOST_MESSAGE)
    if len(data) < size:
        return None
    text = line.decode("latin-1")
    return Message(head if answers else None, text, data[end.end() : size], head.get("cseq")), size
