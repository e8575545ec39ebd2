"""Byte ranges of HTTP (RFC 9110, 14). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


class Unsatisfiable(ValueError):
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1

    def says(self, whole: int) -> str:
        """The value of `Content-Range`."""
        return f"bytes {self.first}-{self.last}/{whole}"


def parse(header: str | None, whole: int) -> Range | None:
    """The range of a request; None: send the whole file (none, several, or none that is one).

    Raises:
        Unsatisfiable: it begins behind the end.
    """
    match = _ONE.fullmatch(header.replace(" ", "")) if header is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:  # the last bytes
        size = min(int(match[2]), whole)
        if size == 0:
            raise Unsatisfiable
        return Range(whole - size, whole - 1)
    first = int(match[1])
    last = min(int(match[2]), whole - 1) if match[2] else whole - 1
    if first >= whole:
        raise Unsatisfiable
    return Range(first, last) if first <= last else None
