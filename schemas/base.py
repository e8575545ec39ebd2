"""What all schema types share: strictness, time, JSON."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and offset, e.g. `2026-11-22T08:15:31.120+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


UtcTime = Annotated[
    AwareDatetime,
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
]

#: Names in topics, file names and entity ids. 32 keeps topic and entity ids readable and bounded.
ID_PATTERN = r"^[a-z0-9]+(_[a-z0-9]+)*$"
ID_LIMIT = 32
Identifier = Annotated[str, Field(pattern=ID_PATTERN, max_length=ID_LIMIT)]


def _legible(name: str) -> str:
    if not name.strip():
        raise ValueError("a name that nobody can see: leave it out, or write one")
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in name):
        raise ValueError("a name is one line, without control characters")
    return name.strip()


#: What people call something; shown on the page and in Home Assistant.
DisplayName = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_legible)]

#: A label of a host name; a name of digits and dots alone is an address, or a mistake.
_HOST = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


#: Shares and drives of other systems, and URLs: no system call takes them.
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|\\\\|[A-Za-z]:[\\/]")


def is_elsewhere(path: str) -> bool:
    r"""Whether that is no path of this machine: `smb://nas/x`, `\\nas\x`, `C:\x`."""
    return _ELSEWHERE.match(path) is not None


def local(value: object) -> object:
    """The same value.

    Raises:
        ValueError: it is a path that no system call takes.
    """
    if isinstance(value, str | Path) and is_elsewhere(str(value)):
        raise ValueError(
            "that is no path of this machine: mount the share first, and write the folder where it"
            " is mounted, such as /mnt/nas"
        )
    return value


#: A file or folder that the system finds under this name.
LocalPath = Annotated[Path, BeforeValidator(local)]


def _bindable(value: str) -> str:
    if _HOST.fullmatch(value) is None:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            words = f"{value!r} is no address: write one of this machine's, or 0.0.0.0 for all"
            raise ValueError(words) from None
    return value


#: A host's name or address, in small letters.
HostName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,253}$"), AfterValidator(lambda name: name.lower())
]

#: Where a server listens: an address, or a name of this machine.
BindAddress = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_bindable)]


def kind_of(value: object) -> str:
    """What a value is, for messages that must not repeat it: it may be, or hold, a secret."""
    kinds: dict[type, str] = {
        dict: "keys",
        list: "a list",
        tuple: "a list",
        str: "text",
        bytes: "text",
        bool: "true or false",
        int: "a number",
        float: "a number",
        type(None): "nothing",
    }
    return kinds.get(type(value), "that")  # a date, say


def quoted(value: object) -> str:
    """A wrong value in a message about it: text and numbers shortened, what holds more never."""
    if isinstance(value, str | int | float):
        try:
            return repr(str(value)[:40])
        except ValueError:  # an integer with more digits than Python likes to print
            return "a very large number"
    return kind_of(value)


class Strict(BaseModel):
    """Frozen, no unknown keys: what comes from outside is parsed into one of these or refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Payload(Strict):
    """A JSON message of ours. Readers must tolerate fields that a later version adds."""

    v: Literal[1] = 1

    def to_json(self) -> bytes:
        """The message as it travels: UTF-8 JSON without spaces."""
        return self.model_dump_json().encode()
