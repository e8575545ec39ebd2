"""How long a source of the HK family waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HkTiming:
    """Waits of the source in seconds; tests shorten them."""

    rest: float = 15.0  # after a failed opening (proven: the known client's)
    reopen_first: float = 1.0  # before the second reopening of a session that does not last
    reopen_limit: float = 15.0
    lasting: float = 10.0  # a session with frames for so long makes earlier losses forgotten
    stalled: float = 10.0  # an open session without a whole frame for so long is called stalled
    asked: float = 1.5  # for a camera's id, where it does not answer in the first dialect
