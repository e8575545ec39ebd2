"""What a refusal says of what was sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from agent.runtime.redaction import excerpt


def nearest_setting(name: str, known: tuple[str, ...]) -> str:
    """That there is no such setting, and which one may be meant."""
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return f"there is no setting {short(name)}; {hint}"


def names(fields: Iterable[str]) -> str:
    """The first of some names."""
    return ", ".join(short(name) for name in list(fields)[:5])


def short(value: object, longest: int = 40) -> str:
    """A value as it may be repeated: cut, in quotes."""
    return f"{excerpt(str(value), longest)!r}"
