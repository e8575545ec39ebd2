"""A member of the family that sends H.264 is known by its parameter sets."""

from __future__ import annotations

import random

from agent.camera.hk.h264_sign import sent_h264
from agent.camera.hk.simulator.datagrams import Fragmenter
from tests.support.jpegs import jpeg
from tests.support.rtp import pictures


def in_annex_b(nals: list[bytes]) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in nals)


def test_a_key_picture_is_known_with_its_size_in_both_dialects() -> None:
    key = in_annex_b(pictures(size=(320, 240))[0])
    for wide in (False, True):
        first, *rest = Fragmenter(wide=wide).cut(key).datagrams
        assert sent_h264(first) == (320, 240)
        assert not any(map(sent_h264, rest))


def test_other_pictures_and_noise_are_not_taken_for_one() -> None:
    later = in_annex_b(pictures(size=(320, 240))[1])
    assert not any(map(sent_h264, Fragmenter().cut(later).datagrams))
    assert not any(map(sent_h264, Fragmenter().cut(jpeg()).datagrams))
    noise = random.Random(7)
    for _ in range(200):
        assert sent_h264(noise.randbytes(100) + b"\0\0\1\x67" + noise.randbytes(300)) is None
        cut = b"\0\0\1\x67" + noise.randbytes(5) + b"\0\0\1\x68"
        found = sent_h264(cut)
        assert found is None or min(found) >= 64
