"""Whether the wall clock may be believed. Pure.

It may once the kernel calls it synchronised, and from then on: without a time service a clock loses
seconds a day. A jump of the clock ends this, until the kernel calls it synchronised again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Seconds between two looks by which wall clock and monotonic clock may differ.
JUMP = 60.0


@dataclass(frozen=True, slots=True)
class TrustedClock:
    """What is known of the wall clock.

    Attributes:
        sure: it is believed.
        always: it is believed without asking the kernel.
        zero: wall clock minus monotonic clock at the last look, in seconds; None: not looked yet.
    """

    sure: bool = True
    always: bool = False
    zero: float | None = None

    def look(self, at: float, utc: float, *, synchronised: bool) -> TrustedClock:
        """The clock after another look.

        Args:
            at: monotonic seconds.
            utc: seconds since 1970 that it shows.
            synchronised: the kernel says so.
        """
        zero = utc - at
        jumped = self.zero is not None and abs(zero - self.zero) > JUMP
        # before the first look `sure` says nothing yet
        latched = self.sure and self.zero is not None and not jumped
        return replace(self, sure=self.always or synchronised or latched, zero=zero)
