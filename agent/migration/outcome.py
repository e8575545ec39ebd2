"""What was carried over from another program's configuration, and what was not. Pure.

Every key that a file has is taken, or it is listed with a reason: nothing is lost in silence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Tree = dict[str, Any]

#: (beginning of a key, why it is not carried over); the first that fits counts.
Reasons = Sequence[tuple[str, str]]

UNKNOWN = "this importer does not know the key"


@dataclass(frozen=True, slots=True)
class Left:
    """A key that is not carried over. The value is never said: it may be a secret."""

    key: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """The result of an import.

    Attributes:
        tree: the agent's configuration.
        left: what is not carried over.
        notes: what somebody has to do or to look at.
        masks: by camera, the path of the other program's mask.
        privacy: by camera, the path of the other program's picture of what nobody may see.
    """

    tree: Tree = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    masks: dict[str, str] = field(default_factory=dict)
    privacy: dict[str, str] = field(default_factory=dict)

    def leave(self, key: str, reason: str) -> None:
        """Lists a key, once for each reason."""
        left = Left(key, reason)
        if left not in self.left:
            self.left.append(left)


class Keys:
    """The keys of one block, each of which has to be taken or listed."""

    def __init__(self, values: Mapping[str, Any], where: str, outcome: Outcome) -> None:
        """`where`: what stands before each key in the list."""
        self._values = values
        self._where = where
        self._outcome = outcome
        self._rest = dict.fromkeys(str(key) for key in values)

    def take(self, *names: str) -> Any:  # noqa: ANN401  what the file has
        """The value of the first of these names that is there and not empty; None: there is none.

        All of them count as taken: they are old and new names of the same key.
        """
        found = None
        for name in names:
            self._rest.pop(name, None)
            value = self._values.get(name)
            if found is None and value not in (None, ""):
                found = value
        return found

    def number(self, *names: str, least: float, most: float) -> float | None:
        """The same for a number, within limits of ours; listed where it is none."""
        value = self.take(*names)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            self.leave(names[0], "is no number")
            return None
        if math.isnan(number):
            self.leave(names[0], "is no number")
            return None
        return min(max(number, least), most)

    def switch(self, *names: str) -> bool | None:
        """The same for `on` and `off`, `true` and `false`, `yes` and `no`."""
        value = self.take(*names)
        if value is None or isinstance(value, bool):
            return value
        return {"on": True, "true": True, "yes": True, "1": True}.get(str(value).lower(), False)

    def leave(self, name: str, reason: str) -> None:
        """Lists a key of this block."""
        self._rest.pop(name, None)
        self._outcome.leave(f"{self._where}{name}", reason)

    def leave_rest(self, reasons: Reasons) -> None:
        """Lists all that nobody took."""
        for name in list(self._rest):
            self.leave(name, reason_for(name, reasons))


def reason_for(name: str, reasons: Reasons) -> str:
    """Why a key is not carried over."""
    return next((why for begin, why in reasons if name.startswith(begin)), UNKNOWN)


def given(tree: Mapping[str, Any]) -> Tree:
    """Without what is None or an empty block."""
    return {key: value for key, value in tree.items() if value is not None and value != {}}


def whole(value: float | None) -> int | None:
    """The nearest whole number."""
    return None if value is None else round(value)


def free_id(wanted: str, taken: Mapping[str, Any]) -> str:
    """An id that no other camera or zone has: `yard`, `yard_2`, and so on."""
    found, number = wanted, 2
    while found in taken:
        tail = f"_{number}"
        found, number = wanted[: 32 - len(tail)].rstrip("_") + tail, number + 1
    return found
