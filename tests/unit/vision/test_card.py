"""The grey card: words on it, to all who saw pictures, and again to who comes to look."""

from __future__ import annotations

import cv2
import numpy as np

from agent.core.messages import PictureReason, PictureTaken, Shown
from agent.imaging.card import HEIGHT, WIDTH, privacy_jpeg, privacy_png
from agent.runtime.clock import SystemClock
from agent.runtime.latest_value import Newest
from agent.vision.card import Card
from agent.vision.reoffer_pictures import Showing


def test_the_card_is_grey_and_has_words() -> None:
    for data in (privacy_jpeg(), privacy_png()):
        card = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert card is not None
        assert card.shape == (HEIGHT, WIDTH, 3)
        assert abs(int(np.median(card)) - 128) <= 2
        assert int(np.max(card) > 200)
        assert 0.005 < float(np.mean(card[:, :, 0] > 180)) < 0.2
    assert len(privacy_jpeg()) < 20_000


def test_who_looks_gets_the_card_when_it_begins_and_each_time_again() -> None:
    told: list[object] = []
    showing = Showing(lambda _frame: b"", lambda _frame: b"")
    showing.viewers = Newest[Shown]()
    showing.viewers.put(Shown(1.0, b"a real picture", b"drawn"))
    card = Card("yard", told.append, showing, SystemClock())
    card.say()
    first = showing.viewers.get()
    assert first is not None
    assert (first.picture, first.overlay) == (privacy_jpeg(), privacy_jpeg())
    (said,) = told
    assert isinstance(said, PictureTaken)
    assert (said.reason, said.jpeg, said.delta) == (
        PictureReason.PRIVACY,
        privacy_jpeg(),
        privacy_png(),
    )
    card.show()
    assert showing.viewers.get() is first  # nobody looks
    showing.viewers.want("page", wanted=True)
    card.show()
    assert showing.viewers.get() is not first
    assert len(told) == 1
