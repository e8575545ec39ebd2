from __future__ import annotations

from collections import Counter

import pytest

from agent.camera.hk.assembler import Assembler
from agent.camera.hk.simulator.player import Player, Streaming
from agent.camera.hk.simulator.wire_faults import Faults
from tests.support.jpegs import jpegs

PICTURES = jpegs(40, 9000)


class Slides:
    """Four pictures a second, ten seconds."""

    fps = 4.0
    duration = 10.0

    def at(self, second: float) -> bytes:
        return PICTURES[min(int(second * 4), 39)]


class Run:
    """A player run over fake time in steps of 1/64 s."""

    def __init__(self, seed: int = 1, *, loop: bool = True) -> None:
        self.sent: list[tuple[bytes, bool]] = []
        self.log: list[tuple[float, bytes]] = []
        self.now = 100.0
        self.player = Player(
            Slides(), seed, lambda jpeg, whole: self.sent.append((jpeg, whole)), loop=loop
        )
        self.player.start(self.now)

    def play(self, seconds: float, stream: Streaming) -> None:
        for _ in range(int(seconds * 64)):
            self.log += [(self.now, d) for d in self.player.due(self.now, 100.0, stream)]
            self.now += 1 / 64

    def assembled(self) -> list[bytes]:
        assembler = Assembler()
        out = [jpeg for _, d in self.log if len(d) != 13 for jpeg in assembler.push(d)]
        return out + list(assembler.settle())


def test_each_interval_has_its_picture_whole_and_in_time() -> None:
    run = Run()

    run.play(5.0, Streaming(fps=4.0))

    assert run.sent == [(picture, True) for picture in PICTURES[:20]]
    assert run.assembled() == PICTURES[:20]


def test_fragments_come_five_at_a_time_within_their_interval() -> None:
    run = Run()

    run.play(0.25, Streaming(fps=4.0, joined_after=None))

    groups = Counter(at for at, _ in run.log)
    assert list(groups.values()) == [5, 5, 1]
    assert run.log[-1][0] < 100.25


def test_a_burst_comes_at_once() -> None:
    run = Run()

    run.play(0.25, Streaming(fps=4.0, fives=False))

    assert {at for at, _ in run.log} == {100.0}


def test_eoi_and_soi_share_a_datagram_after_the_first_few_frames() -> None:
    run = Run()

    run.play(2.0, Streaming(fps=4.0, joined_after=3))

    firsts = [d for _, d in run.log if d[15:18] == b"\xff\xd8\xff"]
    joined = [d for _, d in run.log if b"\xff\xd9\xff\xd8\xff" in d]
    assert len(firsts) == 3
    assert len(joined) == 8 - 2


def test_a_scene_is_repeated_or_held_at_its_end() -> None:
    again, held = Run(loop=True), Run(loop=False)

    again.play(11.0, Streaming(fps=4.0))
    held.play(11.0, Streaming(fps=4.0))

    assert [jpeg for jpeg, _ in again.sent[40:]] == PICTURES[:4]
    assert [jpeg for jpeg, _ in held.sent[39:]] == [PICTURES[39]] * 5


def test_what_the_wire_lost_is_not_called_whole_and_all_that_is_whole_arrives() -> None:
    run = Run(seed=3)

    run.play(10.0, Streaming(fps=4.0, faults=Faults(loss=0.03, repeat=0.05, reorder=0.05)))

    whole = [jpeg for jpeg, is_whole in run.sent if is_whole]
    assert 5 < len(whole) < 40
    assert run.assembled() == whole


def test_the_same_seed_has_the_same_faults() -> None:
    one, two, other = Run(seed=3), Run(seed=3), Run(seed=4)
    for run in (one, two, other):
        run.play(2.0, Streaming(fps=4.0, faults=Faults(0.1, 0.1, 0.1, 0.1)))

    assert one.log == two.log
    assert one.log != other.log


def test_a_pause_delays_what_was_due_and_loses_nothing() -> None:
    run = Run()
    stream = Streaming(fps=4.0, statuses=False)
    run.play(0.3, stream)
    before = len(run.log)
    for _ in range(64):
        run.player.shift(run.now)
        run.now += 1 / 64

    run.play(1.0, stream)

    assert run.log[before][0] >= 101.29
    assert run.assembled() == [jpeg for jpeg, _ in run.sent]


def test_a_player_far_behind_does_not_catch_up() -> None:
    run = Run()
    run.play(0.5, Streaming(fps=4.0))
    run.now += 60.0

    run.play(1.0, Streaming(fps=4.0))

    assert len(run.sent) <= 2 + 5


def test_a_status_comes_between_now_and_then() -> None:
    run = Run()

    run.play(5.5, Streaming(fps=4.0))

    assert sum(len(datagram) == 13 for _, datagram in run.log) == 2


@pytest.mark.parametrize("fps", [0.5, 3.0, 30.0])
def test_any_rate_is_kept(fps: float) -> None:
    run = Run()

    run.play(8.0, Streaming(fps=fps))

    assert len(run.sent) == pytest.approx(8.0 * fps, abs=1)
