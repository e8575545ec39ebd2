from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.camera.hk.assembler import Assembler
from agent.camera.hk.simulator.datagrams import Fragmenter
from tests.support.jpegs import jpeg, jpegs


def test_a_frame_begins_behind_15_bytes_and_goes_on_behind_4() -> None:
    picture = jpeg(5000)

    cut = Fragmenter().cut(picture)

    assert picture == cut.datagrams[0][15:] + b"".join(d[4:] for d in cut.datagrams[1:])
    assert [len(datagram) for datagram in cut.datagrams[:-1]] == [904] * (len(cut.datagrams) - 1)
    assert not cut.shared


def test_numbers_count_up_through_all_frames_and_wrap() -> None:
    fragmenter = Fragmenter(100)

    numbers = [d[0] for picture in jpegs(20) for d in fragmenter.cut(picture).datagrams]

    assert len(numbers) > 300
    assert numbers == [n & 0xFF for n in range(len(numbers))]


def test_a_joined_frame_shares_its_last_datagram_with_the_next_one() -> None:
    one, two = jpegs(2, 5000)
    fragmenter = Fragmenter()

    cut = fragmenter.cut(one, two, joined=True)
    rest = fragmenter.cut(two)

    assert cut.shared
    assert b"\xff\xd9\xff\xd8\xff" in cut.datagrams[-1]
    assert {len(datagram) for datagram in cut.datagrams} == {904}
    stream = cut.datagrams[0][15:] + b"".join(d[4:] for d in cut.datagrams[1:] + rest.datagrams)
    assert stream == one + two


@given(st.integers(1, 3000), st.integers(64, 1500))
def test_no_datagram_is_too_short_for_image_data(size: int, datagram_size: int) -> None:
    picture = bytes(range(1, 14)) + bytes(size)

    cut = Fragmenter(datagram_size).cut(picture)

    assert all(17 <= len(datagram) <= datagram_size for datagram in cut.datagrams)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.booleans()), min_size=1, max_size=8),
    st.integers(64, 1500),
)
def test_what_is_cut_is_put_together_again(
    plan: list[tuple[int, bool]], datagram_size: int
) -> None:
    frames = [jpeg(size, seed=seed) for seed, (size, _) in enumerate(plan)]
    fragmenter, assembler = Fragmenter(datagram_size), Assembler()
    out: list[bytes] = []

    for index, (frame, (_, joined)) in enumerate(zip(frames, plan, strict=True)):
        following = frames[index + 1] if index + 1 < len(frames) else b""
        for datagram in fragmenter.cut(
            frame, following, joined=joined and bool(following)
        ).datagrams:
            out += assembler.push(datagram)

    assert out == frames


@pytest.mark.parametrize("size", [63, 2049])
def test_a_datagram_size_that_no_camera_uses_is_our_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="64 to 2048"):
        Fragmenter(size)
