"""Amounts of bytes as people write and read them: `500 MiB`, `2 GB`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

N = TypeVar("N")

_UNITS = {
    "B": 1,
    **{f"{letter}iB": 2 ** (10 * power) for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}B": 10 ** (3 * power) for power, letter in enumerate("kMGT", 1)},
}
_KNOWN = {"": 1} | {unit.casefold(): bytes_ for unit, bytes_ in _UNITS.items()}
#: 15 digits are more than any disk has bytes, and still a number that can be multiplied.
_SIZE = re.compile(r"^\s*(\d{1,15}(?:\.\d{1,15})?)\s*([a-zA-Z]*)\s*$", re.ASCII)
_COMMA = re.compile(r"\s*(\d{1,15}),(\d{1,15}\s*[a-zA-Z]*)\s*$", re.ASCII)


class ByteCount(int):
    """Bytes; prints as the shortest text that says exactly as many."""

    def __str__(self) -> str:
        exact = [
            f"{Decimal(100 * self // unit) / 100:f} {name}"
            for name, unit in _UNITS.items()
            if (100 * self) % unit == 0
        ]
        return min(exact, key=len)


def parse_size(value: object) -> object:
    """`"500 MiB"` -> bytes; whole numbers pass.

    Raises:
        ValueError: naming the units known.
    """
    if not isinstance(value, str):
        return _with_unit(value)
    if comma := _COMMA.match(value):
        raise ValueError(f"{value[:40]!r} is no size: write a point: {comma[1]}.{comma[2]}")
    match = _SIZE.match(value)
    if match is None or match[2].casefold() not in _KNOWN:
        raise ValueError(f"{value[:40]!r} is no size: write a number with B, KiB, MiB, GiB or TiB")
    number = Decimal(match[1])
    return int(number * _KNOWN[match[2].casefold()]) if match[2] else int(_with_unit(number))


def _with_unit(value: N) -> N:
    """A few bytes for a disk or a memory are no size: somebody has left the unit out."""
    if isinstance(value, int | Decimal) and 0 < value < _LEAST:
        raise ValueError(f"{value} is so many bytes: write a unit, such as `{value} GB`")
    return value


#: Bytes below which a number without a unit is believed to lack it.
_LEAST = 2**20

#: JSON Schema knows no type that is read from both.
_SCHEMA: dict[str, JsonValue] = {
    "format": "size",
    "type": ["integer", "string"],
    "pattern": r"^\s*\d{1,15}(\.\d{1,15})?\s*([kKmMgGtT]?[iI]?[bB])?\s*$",
}

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(ge=0, json_schema_extra=_SCHEMA),
    AfterValidator(ByteCount),
]
