"""What other values would have done: configurations that differ in chosen keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from agent.core.errors import ConfigError
from agent.tuning.replay import Replay

#: Bounds memory and time: every combination judges every frame.
MOST_COMBINATIONS = 64

Change = dict[str, str]  # configuration key below the camera -> value as it was written


@dataclass(frozen=True, slots=True)
class Row:
    """One combination and what it gave."""

    change: Mapping[str, str]
    result: Replay

    @property
    def name(self) -> str:
        """`detection.pixel_threshold=30`, several joined by commas."""
        return ", ".join(f"{key}={value}" for key, value in self.change.items())


def pair(text: str, option: str) -> tuple[str, str]:
    """`KEY=VALUE` as a pair.

    Raises:
        ConfigError: no such pair.
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        words = "write a key and its value, e.g. detection.pixel_threshold=30"
        raise ConfigError(f"{option} {text}: {words}")
    return key.strip(), value.strip()


def combinations(options: Sequence[str]) -> list[Change]:
    """Every combination of the values of `KEY=A,B,C` options; none without options.

    Raises:
        ConfigError: malformed, or too many.
    """
    if not options:
        return []
    axes = []
    for option in options:
        key, values = pair(option, "--sweep")
        axes.append([(key, value.strip()) for value in values.split(",") if value.strip()])
    found = [dict(chosen) for chosen in product(*axes)]
    if not 0 < len(found) <= MOST_COMBINATIONS:
        raise ConfigError(
            f"--sweep: {len(found)} combinations; between 1 and {MOST_COMBINATIONS} are possible"
        )
    return found


def table_rows(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The head, then the figures of each row."""
    head = ("value", "events", "seconds", "motion frames", "suppressed", "first event")
    return [head, *(_figures(row) for row in rows)]


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as lines of text, aligned."""
    lines = table_rows(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]


def _figures(row: Row) -> tuple[str, ...]:
    result = row.result
    first = f"{result.events[0].start:.1f} s" if result.events else "none"
    return (
        row.name,
        str(len(result.events)),
        f"{result.event_seconds:.1f}",
        str(result.motion_frames),
        str(len(result.suppressed)),
        first,
    )
