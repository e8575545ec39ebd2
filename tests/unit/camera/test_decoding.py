"""Which pictures of a stream are decoded: those that are looked at, and what they refer to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from agent.camera.decoding import Decoding
from agent.camera.rtsp.depacketizer import Coded
from agent.camera.session import Picture
from agent.imaging import nal
from tests.support.rtp import pictures

KEYS = 6


class At:
    """Looks at the pictures of these numbers."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers

    def admit(self, at: float) -> bool:
        """Whether it is one of them."""
        return at in self._numbers

    def pause(self, _now: float) -> float:
        """Never asked."""
        raise NotImplementedError


def stream(*, h265: bool = False, **options: str) -> list[bytes]:
    """18 pictures in Annex B, each sixth a key picture."""
    if h265:
        units = pictures("libx265", 18, {"x265-params": f"log-level=none:keyint={KEYS}"})
    else:
        units = pictures(count=18, options={"g": str(KEYS), **options})
    return [annex_b(nals) for nals in units]


def annex_b(nals: list[bytes]) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in nals)


def taken(decoding: Decoding, coded: list[bytes], first: int = 0) -> list[Picture]:
    return [
        picture
        for number, data in enumerate(coded, first)
        for picture in decoding.take(Coded(data, 0, number % KEYS == 0), float(number))
    ]


def planes(found: list[Picture]) -> dict[float, np.ndarray]:
    return {it.at: np.array(it.decoded.luma(1)) for it in found if it.decoded}


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_what_is_looked_at_is_what_it_would_be_if_all_were(codec: str) -> None:
    coded = stream(h265=codec == "hevc")
    every = planes(taken(Decoding("camera", codec, coded=False), coded))
    assert len(every) == len(coded)
    decoding = Decoding("camera", codec, coded=False, looks=At(0, 4, 5, 8, 17))
    found = taken(decoding, coded)
    assert [it.at for it in found] == [float(n) for n in range(len(coded))], "each once, in order"
    assert [it.video.data for it in found if it.video] == coded
    some = planes(found)
    assert sorted(some) == [0, 4, 5, 8, 17]
    assert all(np.array_equal(some[at], every[at]) for at in some)
    assert decoding.damaged == 0


def broken_at(number: int) -> Callable[[list[bytes]], list[bytes]]:
    def broken(coded: list[bytes]) -> list[bytes]:
        """One of them is no picture."""
        return [*coded[:number], b"\0\0\0\1\x41" + b"\xff" * 40, *coded[number + 1 :]]

    return broken


def test_what_nobody_needs_before_a_key_picture_is_never_decoded() -> None:
    looks = At(0, 2, 7)
    decoding = Decoding("camera", "h264", coded=False, looks=looks)
    found = taken(decoding, broken_at(4)(stream()))
    assert decoding.damaged == 0, "nobody has looked at it, nor at one that refers to it"
    assert sorted(planes(found)) == [0, 2, 7]
    assert len(found) == 18
    decoding = Decoding("camera", "h264", coded=False, looks=At(0, 2, 5))
    taken(decoding, broken_at(4)(stream()))
    assert decoding.damaged >= 1, "the one behind it needs it"


def test_instead_of_a_damaged_picture_the_next_one_is_looked_at() -> None:
    decoding = Decoding("camera", "h264", coded=False, looks=At(0, 5))
    found = planes(taken(decoding, broken_at(5)(stream())))
    assert sorted(found) == [0, 6]


def test_with_b_pictures_every_one_is_decoded_as_it_comes() -> None:
    coded = stream(bf="2", tune="animation")
    decoding = Decoding("camera", "h264", coded=False, looks=At(0))
    found = taken(decoding, coded)
    assert len(found) >= len(coded) - 4
    assert len(planes(found)) >= len(coded) - 6
    assert decoding.damaged == 0


def test_after_a_loss_what_was_left_undecoded_is_forgotten() -> None:
    coded = stream()
    decoding = Decoding("camera", "h264", coded=False, looks=At(0, 7))
    taken(decoding, coded[:4])
    decoding.lost()
    found = taken(decoding, coded[4:], first=4)
    assert [it.at for it in found][:2] == [6.0, 7.0]
    assert sorted(planes(found)) == [7.0]
    assert decoding.damaged == 0


def test_what_came_whole_before_a_loss_is_recorded() -> None:
    coded = stream(bf="2", tune="animation")
    decoding = Decoding("camera", "h264", coded=False)
    found = taken(decoding, coded[:5])
    assert len(found) < 5, "the decoder puts them in order"
    found += decoding.lost()
    assert [it.video.data for it in found if it.video] == coded[:5]
    assert decoding.lost() == []
    assert decoding.damaged == 0


def test_pictures_keep_their_order_and_their_planes_where_some_are_not_shown() -> None:
    """A camera that refreshes a part with each picture shows none until all parts came."""
    refresh = {"x264-params": "intra-refresh=1:keyint=12:scenecut=0:threads=1"}
    coded = [annex_b(nals) for nals in pictures(count=60, options=refresh, size=(320, 48))]
    begin = next(n for n, data in enumerate(coded) if n and nal.RECOVERY_POINT[:2] in data[:60])
    every = planes(taken(Decoding("camera", "h264", coded=False), coded))
    wanted = [n for n in range(begin, 60) if n % 4 == 0]
    decoding = Decoding("camera", "h264", coded=False, looks=At(*wanted))
    found = []
    for number, data in enumerate(coded[begin:], begin):
        found += decoding.take(Coded(data, 0, number == begin), float(number))
    assert [it.at for it in found] == [float(n) for n in range(begin, 60)], "each once, in order"
    some = planes(found)
    assert begin + 12 < 50 <= max(some)
    for at, picture in some.items():
        near = [float(np.mean(np.abs(picture.astype(int) - every[n]))) for n in (at - 2, at)]
        assert near[1] < near[0] / 2, f"the planes of {at} are its own"
