"""Which of the family's two dialects the next attempt speaks. Pure."""

from __future__ import annotations

from enum import StrEnum

#: A dialect that has worked is given up after this number of openings in a row without an answer:
#: the camera at that address may be another one now.
FORGET_AFTER = 5


class Dialect(StrEnum):
    """How a camera wants its session opened."""

    FIRST = "1"  # the seed camera's (proven)
    SECOND = "2"  # MD81, MD81S and others; not confirmed on hardware of ours

    @property
    def other(self) -> Dialect:
        """The other dialect."""
        return Dialect.FIRST if self is Dialect.SECOND else Dialect.SECOND


class DialectChoice:
    """What has worked is spoken again; until then the first, and the second where it is silent.

    An attempt speaks `first_try`, and `second_try` immediately if the camera does not answer.
    """

    def __init__(self, only: Dialect | None = None) -> None:
        self._only = only
        self._worked: Dialect | None = None
        self._unanswered = 0

    @property
    def first_try(self) -> Dialect:
        """With which an attempt begins."""
        return self._only or self._worked or Dialect.FIRST

    @property
    def second_try(self) -> Dialect | None:
        """What is tried when the first was not answered; None: nothing."""
        if self._only is not None or self._worked is not None:
            return None
        return self.first_try.other

    def opened(self, dialect: Dialect) -> None:
        """A session has opened."""
        self._worked = dialect
        self._unanswered = 0

    def unanswered(self) -> None:
        """An attempt ended without an answer."""
        self._unanswered += 1
        if self._unanswered >= FORGET_AFTER:
            self._worked = None
