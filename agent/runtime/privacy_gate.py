"""The gate before a camera: privacy mode closes it, and each closing is remembered."""

from __future__ import annotations


class PrivacyGate:
    """Closed or open, for any threads to read; one thread moves it.

    Who looks at it now and then must not miss that it was closed in between. So it counts.

    Attributes:
        closed: True while there may be no session with the camera, and no frame of it.
        closings: how often it was closed until now.
    """

    def __init__(self, *, closed: bool = False) -> None:
        self.closed = closed
        self.closings = int(closed)

    def close(self) -> None:
        """Ends the session, whenever its owner looks."""
        self.closings += 1
        self.closed = True

    def open(self) -> None:
        """Lets another session begin."""
        self.closed = False
