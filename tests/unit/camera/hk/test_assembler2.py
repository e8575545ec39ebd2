from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.camera.hk.assembler2 import WideAssembler
from agent.camera.hk.jpeg_splitter import FRAME_LIMIT
from agent.camera.hk.packets import DATAGRAM_MAX
from tests.support.fake_camera2 import stream
from tests.support.jpegs import jpegs

PICTURES = jpegs(30, 30_000)


def fed(datagrams: list[bytes], assembler: WideAssembler | None = None) -> list[bytes]:
    assembler = assembler or WideAssembler()
    frames = [frame for datagram in datagrams for frame in assembler.push(datagram)]
    return frames + list(assembler.settle())


@pytest.mark.parametrize("first", [0, 65_530, 250])
def test_every_frame_sent_is_delivered_whatever_number_it_begins_with(first: int) -> None:
    assert fed(stream(PICTURES, first=first)) == PICTURES


@pytest.mark.parametrize("size", [904, 1400, DATAGRAM_MAX - 11])
def test_the_datagrams_size_is_the_cameras_choice(size: int) -> None:
    assert fed(stream(PICTURES, size=size)) == PICTURES


def test_a_hole_of_256_is_seen_and_no_damaged_frame_is_handed_on() -> None:
    datagrams = stream(PICTURES)
    del datagrams[40 : 40 + 256]
    assembler = WideAssembler()

    frames = fed(datagrams, assembler)

    assert set(frames) < set(PICTURES)
    assert assembler.counts.lost >= 250
    assert PICTURES[-1] in frames


def test_a_single_stray_number_moves_nothing() -> None:
    datagrams = stream(PICTURES)
    stray = (30_000).to_bytes(2, "little") + datagrams[50][2:]
    assembler = WideAssembler()

    assert fed([*datagrams[:50], stray, *datagrams[50:]], assembler) == PICTURES
    assert assembler.counts.bad == 1


def test_neighbours_out_of_order_and_repetitions_cost_no_frame() -> None:
    datagrams = stream(PICTURES)
    for at in range(3, len(datagrams) - 2, 9):
        datagrams[at], datagrams[at + 1] = datagrams[at + 1], datagrams[at]
    repeated = [copy for datagram in datagrams for copy in (datagram, datagram)]

    assert fed(repeated) == PICTURES


@pytest.mark.parametrize("loss", [0.02, 0.1])
def test_with_losses_only_frames_that_were_sent_are_handed_on(loss: float) -> None:
    chance = random.Random(5)
    kept = [datagram for datagram in stream(PICTURES) if chance.random() >= loss]

    frames = fed(kept)

    assert set(frames) <= set(PICTURES)


@given(st.lists(st.binary(max_size=DATAGRAM_MAX + 1), max_size=80))
def test_any_bytes_are_borne_and_bounded(datagrams: list[bytes]) -> None:
    assembler = WideAssembler()

    fed(datagrams, assembler)

    assert assembler.buffered <= FRAME_LIMIT + 10 * DATAGRAM_MAX
