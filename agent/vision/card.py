"""What is shown of a camera in privacy mode: a grey card instead of its pictures."""

from __future__ import annotations

from collections.abc import Callable

from ulid import ULID

from agent.core.engine_inputs import FromVision
from agent.core.messages import PictureReason, PictureTaken, Shown
from agent.imaging.card import HEIGHT, WIDTH, privacy_jpeg, privacy_png
from agent.runtime.clock import Clock
from agent.vision.reoffer_pictures import Showing


class Card:
    """Shows it to all who saw pictures of the camera.

    Args:
        camera: its id.
        to_engine: gets it as `PictureTaken`.
        showing: has the viewers.
        clock: the time.
    """

    def __init__(
        self,
        camera: str,
        to_engine: Callable[[FromVision], object],
        showing: Showing,
        clock: Clock,
    ) -> None:
        self._camera = camera
        self._to_engine = to_engine
        self._showing = showing
        self._clock = clock

    def say(self) -> None:
        """Privacy mode has begun: the card replaces what was published, and what viewers saw."""
        self._put()
        utc = self._clock.utc()
        self._to_engine(
            PictureTaken(
                camera=self._camera,
                picture_id=str(ULID.from_datetime(utc)),
                at=self._clock.monotonic(),
                utc=utc,
                reason=PictureReason.PRIVACY,
                width=WIDTH,
                height=HEIGHT,
                jpeg=privacy_jpeg(),
                delta=privacy_png(),
            )
        )

    def show(self) -> None:
        """Viewers who look now get it, too."""
        if self._showing.viewers is not None and self._showing.viewers.wanted:
            self._put()

    def _put(self) -> None:
        if self._showing.viewers is not None:
            card = privacy_jpeg()
            self._showing.viewers.put(Shown(self._clock.monotonic(), card, card))
