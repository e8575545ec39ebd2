"""The head of an answer of HTTP or RTSP, read as browsers do: what is odd is stepped over. Pure.

Cameras write heads by hand: a line without a name, `Name : value`, LF alone, an empty line before,
a length twice. None of that hides the picture behind, so none of it is an error here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from agent.runtime.redaction import excerpt

#: Bounds a head; real ones have some hundred bytes.
MOST_HEAD = 96 * 1024
#: The answer's first line; some servers of streams say ICY.
_STATUS = re.compile(
    rb"\s*(?:(?:HTTP|RTSP)/?[\d.]*|ICY)[ \t]+(\d{3})(?!\d)[ \t]*([^\r\n]*)", re.IGNORECASE
)
_BEGIN = {"HTTP": (b"HTTP", b"ICY "), "RTSP": (b"RTSP",)}
#: The end of a head: an empty line, or the picture itself.
_END = re.compile(rb"\r?\n[ \t\0]*\r?\n|\n(?=\xff\xd8\xff)")
_MOST_DIGITS = 12
#: Bytes in which the begin of an answer is looked for that is shown.
_SHOWN_OF = 1024


class NoHttp(Exception):
    """What answers speaks something else; the text is how it begins."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and fields of an answer.

    Attributes:
        status: such as 200.
        phrase: what the server says to it, in characters that can be shown.
        fields: name in small letters, value, in the order in which they came.
        keeps_open: the connection may be used for another request.
    """

    status: int
    phrase: str
    fields: tuple[tuple[str, str], ...]
    keeps_open: bool = False

    def all(self, name: str) -> list[str]:
        """The values of every field of that name."""
        return [value for known, value in self.fields if known == name]

    def get(self, name: str) -> str:
        """The value of the first field of that name; empty without one."""
        return next(iter(self.all(name)), "")

    @property
    def length(self) -> int | None:
        """Bytes of the body as the head says; None where it says nothing, or two things."""
        said = set(self.all("content-length"))
        text = said.pop() if len(said) == 1 else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS else None

    @property
    def kind(self) -> str:
        """The content type without its parameters."""
        return self.get("content-type").partition(";")[0].strip().lower()

    @property
    def boundary(self) -> str:
        """What stands between the parts of the body, as the content type says; may be empty."""
        for option in self.get("content-type").split(";")[1:]:
            name, _, value = option.partition("=")
            if name.strip().lower() == "boundary":
                return value.strip(" \t\"'")
        return ""

    @property
    def chunked(self) -> bool:
        """The body comes in chunks (RFC 9112, 7.1)."""
        return "chunked" in self.get("transfer-encoding").lower()


def parse_head(
    data: bytes, protocol: Literal["HTTP", "RTSP"] = "HTTP"
) -> tuple[Head, bytes] | None:
    """The head and what lies behind it; None when more bytes are needed.

    Raises:
        NoHttp: it is no head, or one of more than `MOST_HEAD` bytes.
    """
    begin = data.lstrip(b"\r\n \t\0")
    if begin and not any(begin[:4].upper() == b[: len(begin[:4])] for b in _BEGIN[protocol]):
        raise NoHttp(_shown(begin))
    end = _END.search(data, len(data) - len(begin), MOST_HEAD)
    if end is None:
        if len(data) > MOST_HEAD:
            raise NoHttp(f"a head of more than {MOST_HEAD} bytes")
        return None
    lines = re.split(rb"\r?\n", data[: end.start()].lstrip(b"\r\n \t\0"))
    status = _STATUS.match(lines[0])
    if status is None:
        raise NoHttp(_shown(lines[0]))
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        text = line.replace(b"\0", b"").decode("latin-1")
        name, colon, value = text.partition(":")
        if text[:1] in {" ", "\t"} and fields:  # a value that goes on (RFC 9112, 5.2)
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {text.strip()}".strip())
        elif colon:
            fields.append((name.strip().lower(), value.strip()))
    new = lines[0].lstrip().upper().startswith(b"HTTP/1.1")
    closes = any("close" in value.lower() for name, value in fields if name == "connection")
    said = status[2].decode("latin-1")
    phrase = "".join(each if each.isprintable() else " " for each in said).strip()
    return Head(int(status[1]), phrase, tuple(fields), new and not closes), data[end.end() :]


def _shown(data: bytes) -> str:
    """How an answer begins, for a message: printable, and short."""
    text = excerpt(data[:_SHOWN_OF].split(b"\n")[0].decode("latin-1"), 60)
    return "".join(c if c.isascii() and c.isprintable() else "." for c in text).strip()
