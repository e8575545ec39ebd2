"""What all schema types share: strictness, time, JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
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

    model_config = ConfigDict(frozen=True, extra="forbid")


class Payload(Strict):
    """A JSON message of ours. Readers must tolerate fields that a later version adds."""

    v: Literal[1] = 1

    def to_json(self) -> bytes:
        """The message as it travels: UTF-8 JSON without spaces."""
        return self.model_dump_json().encode()
