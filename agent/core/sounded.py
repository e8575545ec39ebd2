"""What became of a sound that somebody asked for."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.commands import ErrorCode


@dataclass(frozen=True, slots=True)
class SoundDone:
    """The answer to a `Play` or a `StopPlay`.

    Attributes:
        code: None where it was carried out.
        message: for who asked; empty where it was carried out.
        request: as in the order.
        at: monotonic seconds.
        seconds: how long it sounded; None for a `StopPlay`.
        silenced: a `StopPlay` ended it; of a `StopPlay`: there was a sound to end.
    """

    code: ErrorCode | None
    message: str
    request: str | None
    at: float
    seconds: float | None = None
    silenced: bool = False
