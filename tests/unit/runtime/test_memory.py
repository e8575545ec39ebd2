"""The accounts: what one camera takes is never what another one needs."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.time_allowance import BURST
from agent.runtime import memory
from agent.runtime.memory import BESIDES, FRAMES_RESERVE, LEAST_LIMIT, MIB, WORK_RESERVE, Memory
from tests.support.clock import FakeClock


def test_a_camera_alone_gets_all_of_it() -> None:
    house = Memory(LEAST_LIMIT)
    alone = house.share(FakeClock())
    assert alone.hold(house.work.total) is not None
    assert alone.admit(house.frames.total) is not None


@pytest.mark.parametrize("cameras", [2, 3, 4, 8])
def test_the_others_keep_their_reserve_whatever_one_takes(cameras: int) -> None:
    house = Memory(LEAST_LIMIT)
    greedy, *others = (house.share(FakeClock()) for _ in range(cameras))
    taken: list[object] = []
    while (held := greedy.hold(MIB)) is not None:
        taken.append(held)
    while (held := greedy.admit(MIB)) is not None:
        taken.append(held)
    work = min(WORK_RESERVE, house.work.total // cameras)
    frames = min(FRAMES_RESERVE, house.frames.total // cameras)
    kept = [(each.hold(work), each.admit(frames)) for each in others]
    assert all(None not in both for both in kept)
    assert greedy.costs.refused == 1


def test_all_accounts_together_fit_into_the_limit() -> None:
    for limit in (LEAST_LIMIT, 4 * LEAST_LIMIT):
        house = Memory(limit)
        assert house.frames.total + house.work.total + BESIDES <= limit


def test_what_nobody_has_any_more_is_given_back() -> None:
    house = Memory(LEAST_LIMIT)
    share = house.share(FakeClock())
    held = share.admit(house.frames.total)
    assert share.admit(1) is None
    del held
    assert share.admit(1) is not None
    with share.work(house.work.total) as first, share.work(1) as second:
        assert (first, second) == (True, False)
    assert share.hold(house.work.total) is not None


def test_nothing_is_reserved_for_a_camera_that_ended() -> None:
    house = Memory(LEAST_LIMIT)
    gone, stays = house.share(FakeClock()), house.share(FakeClock())
    last = gone.hold(MIB)
    gone.ended = True
    assert stays.hold(house.work.total) is None, "what the other still holds counts"
    assert stays.hold(house.work.total - MIB) is not None
    del last


def test_a_refusal_is_said_with_its_reason_and_forgotten_after_a_minute() -> None:
    clock, house = FakeClock(), Memory(LEAST_LIMIT)
    share = house.share(clock)
    kept = share.admit(house.frames.total)
    assert share.admit(MIB) is None
    assert "MiB" in share.costs.why
    clock.advance(61.0)
    assert share.costs.why == ""
    assert share.costs.refused == 1
    del kept


def test_there_is_no_room_for_what_can_wait_long_before_there_is_none_for_frames() -> None:
    house = Memory(LEAST_LIMIT)
    share = house.share(FakeClock())
    assert [share.roomy] == [True]
    kept = share.admit(house.frames.total * 4 // 5)
    assert [share.roomy] == [False]
    assert share.admit(house.frames.total // 10) is not None
    del kept


def test_a_camera_that_takes_more_than_its_part_of_the_time_is_refused_until_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, house = FakeClock(), Memory(LEAST_LIMIT, processors=2)
    share, other = house.share(clock), house.share(clock)
    used = 0.0
    monkeypatch.setattr(memory, "thread_seconds", lambda: used)
    assert share.admit(1) is not None
    used += BURST + 3.0
    clock.advance(memory.COUNTED_EVERY)
    assert share.admit(1) is None
    assert "processors" in share.costs.why
    assert other.admit(1) is not None, "another camera is not refused for it"
    clock.advance(3.0)
    assert share.admit(1) is not None


def test_the_system_is_not_asked_with_each_frame_of_a_burst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, asked = FakeClock(), list[float]()

    def thread_seconds() -> float:
        asked.append(clock.monotonic())
        return 0.0

    share = Memory(LEAST_LIMIT).share(clock)
    monkeypatch.setattr(memory, "thread_seconds", thread_seconds)
    held = [share.admit(1) for _ in range(5)]
    assert (len(held), len(asked)) == (5, 1)
    clock.advance(memory.COUNTED_EVERY)
    share.spend()
    assert len(asked) == 2


HOUSE = 8 << 20  # kB


@pytest.mark.parametrize(
    ("own", "groups", "total", "limit"),
    [
        ("0::/system.slice/agent.service", {"system.slice/agent.service/memory.max": 512}, 0, 512),
        ("0::/system.slice/agent.service", {"system.slice/memory.max": 768}, HOUSE, 768),
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": "max"}, HOUSE, 4096),
        ("0::/", {"memory.max": 640}, HOUSE, 640),
        ("4:memory:/docker/0a1b\n0::/", {"memory/memory.limit_in_bytes": 512}, HOUSE, 512),
        ("4:cpu,memory:/x", {"memory/x/memory.limit_in_bytes": 800}, HOUSE, 800),
        ("4:memory:/x\n2:cpu:/y", {"memory/x/memory.limit_in_bytes": 2**43 - 1}, HOUSE, 4096),
        ("", {}, 512 << 10, 512),
        ("", {}, 0, 512),
    ],
)
def test_the_limit_is_the_control_groups_else_half_of_the_machine(
    own: str, groups: dict[str, object], total: int, limit: int, tmp_path: Path
) -> None:
    for name, said in groups.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{said * MIB if isinstance(said, int) else said}\n")
    (tmp_path / "own").write_text(own)
    (tmp_path / "meminfo").write_text(f"MemTotal: {total} kB\nMemFree: 1 kB\n")
    machine = memory.Machine(tmp_path / "own", tmp_path / "groups", tmp_path / "meminfo")
    assert memory.memory_limit(machine) == limit * MIB


def test_a_camera_that_goes_with_what_it_holds_harms_no_other() -> None:
    house, clock = Memory(LEAST_LIMIT), FakeClock()
    gone, other = house.share(clock), house.share(clock)
    cycle: list[object] = [gone, gone.admit(1000), gone.admit(2000)]
    cycle.append(cycle)
    del gone, cycle
    gc.collect()
    assert [other.admit(10) is not None for _ in range(3)] == [True] * 3


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60), st.booleans()), max_size=40))
def test_what_is_free_is_taken_and_nothing_else(steps: list[tuple[int, int, bool]]) -> None:
    house = Memory(LEAST_LIMIT)
    shares = [house.share(FakeClock()) for _ in range(4)]
    held: list[tuple[int, object]] = []
    for number, size, gives in steps:
        share, account = shares[number], house.frames
        if gives and held:
            held.pop(0)
        free = account.most(share) - account.used(share)
        taken = share.admit(size * MIB)
        assert (taken is not None) == (size * MIB <= free)
        if taken is not None:
            held.append((number, taken))
        del taken
