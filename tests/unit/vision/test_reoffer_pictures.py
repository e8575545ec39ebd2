"""What the re-offer gets: nothing while nobody looks, and never an overlay of before."""

from agent.core.frame import Frame
from agent.core.messages import Shown
from agent.runtime.latest_value import Newest
from agent.vision.reoffer_pictures import Showing


def frame(seq: int) -> Frame:
    return Frame(b"jpeg %d" % seq, float(seq), seq, 1)


def shown(showing: Showing, seq: int, *, judged: bool) -> tuple[bytes, bytes] | None:
    assert showing.viewers is not None
    showing.frame(frame(seq), judged=judged)
    newest = showing.viewers.get()
    return None if newest is None else (newest.picture, newest.overlay)


def make() -> tuple[Showing, Newest[Shown]]:
    showing = Showing(lambda it: it.jpeg, lambda it: b"drawn " + it.jpeg)
    viewers: Newest[Shown] = Newest()
    showing.viewers = viewers
    return showing, viewers


def test_while_nobody_looks_nothing_is_made() -> None:
    showing, viewers = make()
    assert shown(showing, 1, judged=True) is None
    viewers.want("test", wanted=True)
    assert shown(showing, 2, judged=False) == (b"jpeg 2", b"drawn jpeg 2")


def test_the_overlay_is_that_of_the_last_judged_frame() -> None:
    showing, viewers = make()
    viewers.want("test", wanted=True)
    assert shown(showing, 1, judged=True) == (b"jpeg 1", b"drawn jpeg 1")
    assert shown(showing, 2, judged=False) == (b"jpeg 2", b"drawn jpeg 1")
    assert shown(showing, 3, judged=True) == (b"jpeg 3", b"drawn jpeg 3")


def test_who_looks_later_does_not_get_the_overlay_of_then() -> None:
    showing, viewers = make()
    viewers.want("test", wanted=True)
    shown(showing, 1, judged=True)
    viewers.want("test", wanted=False)
    shown(showing, 2, judged=True)
    viewers.want("test", wanted=True)
    assert shown(showing, 3, judged=False) == (b"jpeg 3", b"drawn jpeg 3")


def test_a_frame_that_cannot_be_drawn_has_no_overlay() -> None:
    showing = Showing(lambda it: it.jpeg, lambda _it: None)
    showing.viewers = Newest()
    showing.viewers.want("test", wanted=True)
    assert shown(showing, 1, judged=True) == (b"jpeg 1", b"")
    Showing(lambda it: it.jpeg, lambda _it: None).frame(frame(1), judged=True)
