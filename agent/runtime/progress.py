"""A bar for a person who waits at a terminal; nothing where nobody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

#: Seconds before the bar appears.
DELAY = 2.0

Seen = Callable[[int], object]


@contextmanager
def progress(what: str, unit: str) -> Iterator[Seen]:
    """A bar that counts, once the work takes longer than `DELAY`; it is gone at the end.

    Args:
        what: is done.
        unit: of what is counted: `B` is shown as KiB, MiB and so on.
    """
    with tqdm(
        desc=what,
        unit=unit,
        unit_scale=unit == "B",
        unit_divisor=1024,
        delay=DELAY,
        leave=False,
        disable=None,
    ) as bar:
        yield bar.update
