from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from agent.camera import reconnect
from agent.camera.interruptible_wait import Interrupted, Patience
from agent.camera.reconnect import Extras, Keeper, Timing
from agent.camera.session import Picture, Session, SessionOver
from agent.core.errors import (
    CameraError,
    CameraNotFound,
    CameraRefused,
    CameraUnreachable,
    NoSuchStream,
    SessionLost,
    WrongPassword,
)
from agent.core.frame import Frame
from agent.core.messages import CameraCode, CameraState
from agent.runtime.privacy_gate import PrivacyGate
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock
from tests.support.jpegs import jpeg

TIMING = Timing(retry_first=1.0, retry_limit=8.0, refused=64.0, lasting=16.0)
PICTURE = jpeg(500)

Happening = bytes | float | Exception


@dataclass
class Scripted:
    """A session by script: bytes come, seconds pass without, errors are raised."""

    script: Iterator[Happening]
    patience: Patience
    clock: FakeClock
    note: str = ""
    silence: float = 8.0
    why: str = "nothing comes"
    answers: bool = False
    damaged: int = 0
    closed: bool = False

    def read(self) -> Picture | None:
        happening = next(self.script, None)
        if happening is None:
            self.patience.worker.stop.set()
            raise Interrupted
        if isinstance(happening, Exception):
            raise happening
        if isinstance(happening, bytes):
            return Picture(happening, self.clock.monotonic(), note=self.note)
        self.clock.advance(happening)
        return None

    def close(self) -> None:
        self.closed = True


@dataclass
class Rig:
    """Attempts by script: each is an error, or the script of a session."""

    attempts: list[Exception | list[Happening]]
    extras: Extras = field(default_factory=Extras)
    timing: Timing = TIMING
    note: str = ""
    clock: FakeClock = field(default_factory=FakeClock)
    frames: list[Frame] = field(default_factory=list)
    states: list[CameraState] = field(default_factory=list)
    sessions: list[Scripted] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = Keeper(
            "porch",
            self._open,
            self.clock,
            self.frames.append,
            self.states.append,
            self.timing,
            self.extras,
        )
        self.worker = Worker("porch.camera", self.keeper.run, self.clock, lambda _n, _e: None)

    def run(self) -> list[tuple[str, str]]:
        self.keeper.run(self.worker)
        return [(state.code.value, state.reason) for state in self.states]

    def _open(self, patience: Patience) -> Session:
        if not self.attempts:
            patience.worker.stop.set()
            raise Interrupted
        attempt = self.attempts.pop(0)
        if isinstance(attempt, Exception):
            raise attempt
        session = Scripted(iter(attempt), patience, self.clock, self.note)
        self.sessions.append(session)
        return session


def test_live_is_said_with_the_first_whole_picture() -> None:
    rig = Rig([[0.5, b"\xff\xd8 torn", PICTURE, PICTURE]])
    assert rig.run() == [("connecting", "opening a session"), ("live", "frames arrive")]
    assert [(frame.seq, frame.session) for frame in rig.frames] == [(0, 1), (1, 1)]
    assert rig.keeper.stats.frames_damaged == 1
    assert rig.sessions[0].closed


def test_a_session_that_falls_silent_is_stalled_and_opened_anew_at_once() -> None:
    steady: list[Happening] = [PICTURE, 0.5, PICTURE, 0.5, PICTURE]
    rig = Rig([[*steady, 4.0, 4.0], [PICTURE]])
    assert [code for code, _ in rig.run()] == ["connecting", "live", "stalled", "live"]
    assert rig.states[2].reason == "no whole picture for 8 s: nothing comes"
    assert rig.states[2].retry_in == 0.0
    assert [frame.session for frame in rig.frames] == [1, 1, 1, 2]
    assert all(session.closed for session in rig.sessions)
    assert rig.keeper.stats.reconnects == 1


def test_a_picture_in_ten_seconds_is_a_rhythm_and_no_stall() -> None:
    slow: list[Happening] = [5.0, 5.0, PICTURE]
    rig = Rig([[PICTURE, *(slow * 6)]])
    assert [code for code, _ in rig.run()] == ["connecting", "live"]
    assert len(rig.frames) == 7


def test_pictures_that_nobody_may_decode_are_the_reason_of_a_stall() -> None:
    rig = Rig([[b"\xff\xd8 torn", 5.0, b"\xff\xd8 torn", 30.0]])
    rig.run()
    assert (
        rig.states[1].reason == "no whole picture for 30 s: 2 came that are too large, or damaged"
    )
    assert rig.states[1].answers


@pytest.mark.parametrize(
    ("error", "answers"),
    [
        (CameraUnreachable("503", answers=True), True),
        (CameraUnreachable("nobody there"), False),
        (SessionLost("half a picture", answers=True), True),
    ],
)
def test_whether_a_camera_that_failed_answers_is_said(error: CameraError, *, answers: bool) -> None:
    rig = Rig([error])
    rig.run()
    assert rig.states[1].answers is answers


def test_pauses_grow_with_jitter_up_to_the_limit_and_a_lasting_session_ends_them() -> None:
    gone = CameraUnreachable("nobody there")
    steps: list[Happening] = [PICTURE, 4.0]
    lasting = [*(steps * 4), PICTURE, 0.5, SessionLost("cut")]
    rig = Rig([*([gone] * 6), lasting, gone])
    rig.run()
    waits = [state.retry_in or 0.0 for state in rig.states if state.code == "unreachable"]
    for wait, most in zip(waits, (1, 2, 4, 8, 8, 8, 1), strict=True):
        assert 0.66 * most <= wait <= most
    assert rig.states[7].reason == "frames arrive after 6 failures"


def test_a_session_that_never_lasts_is_opened_more_and_more_seldom() -> None:
    brief: list[Happening] = [PICTURE, SessionLost("cut")]
    rig = Rig([list(brief) for _ in range(4)])
    rig.run()
    waits = [state.retry_in for state in rig.states if state.retry_in is not None]
    assert waits[0] == 0.0
    assert 0.0 < waits[1] < waits[2] < waits[3]


def test_a_camera_that_ends_each_session_after_seconds_of_pictures_is_opened_at_once() -> None:
    steps: list[Happening] = [PICTURE, 0.5]
    rig = Rig([[*(steps * 8), SessionLost("cut")] for _ in range(6)], timing=Timing())
    begun = rig.clock.monotonic()
    rig.run()
    assert [state.retry_in for state in rig.states if state.reason == "cut"] == [0.0] * 6
    assert rig.clock.monotonic() - begun == pytest.approx(6 * 8 * 0.5)


@pytest.mark.parametrize("before", [[5.0], []])
def test_one_picture_is_no_lasting_session_however_long_it_was_waited_for(
    before: list[Happening],
) -> None:
    rig = Rig([[*before, PICTURE, SessionLost("cut")] for _ in range(5)], timing=Timing())
    rig.run()
    waits = [state.retry_in or 0.0 for state in rig.states if state.reason == "cut"]
    for wait, most in zip(waits, (0, 1, 2, 4, 8), strict=True):
        assert 0.66 * most <= wait <= most


def test_losses_before_a_lasting_session_are_forgotten() -> None:
    cut = SessionLost("cut")
    steps: list[Happening] = [PICTURE, 4.0]
    rig = Rig([[PICTURE, cut], [PICTURE, cut], [*(steps * 4), PICTURE, 0.5, cut], [PICTURE]])
    rig.run()
    waits = [state.retry_in for state in rig.states if state.reason == "cut"]
    assert waits[0] == waits[2] == 0.0
    assert waits[1]
    live = [state.reason for state in rig.states if state.code is CameraCode.LIVE]
    assert live == ["frames arrive", *["frames arrive after 1 failures"] * 3]


def test_a_new_session_has_its_own_time_until_the_first_picture() -> None:
    rig = Rig([[PICTURE, 4.0, SessionLost("cut")], [7.0, PICTURE]])
    assert [code for code, _ in rig.run()] == ["connecting", "live", "connecting", "live"]


def test_refused_waits_longest_at_once() -> None:
    rig = Rig([CameraRefused("wrong password")])
    rig.run()
    assert (rig.states[1].code, rig.states[1].retry_in) == (CameraCode.REFUSED, 64.0)
    assert rig.clock.monotonic() >= 64.0


def test_a_camera_that_starts_and_has_no_pictures_yet_is_asked_again_soon() -> None:
    gone = NoSuchStream("404")
    rig = Rig([[PICTURE, SessionLost("cut")], gone, gone, gone, gone, gone, [PICTURE]])
    rig.run()
    waits = [state.retry_in or 0.0 for state in rig.states if state.code is CameraCode.REFUSED]
    assert len(waits) == 5
    assert waits[0] <= 1.0
    assert max(waits) <= TIMING.retry_limit


@pytest.mark.parametrize(
    "attempts",
    [
        [NoSuchStream("404")],
        [[PICTURE, SessionLost("cut")], WrongPassword("401")],
        [[PICTURE, SessionLost("cut")], CameraRefused("its certificate is not believed")],
    ],
)
def test_what_a_restart_of_the_camera_cannot_be_waits_longest(
    attempts: list[Exception | list[Happening]],
) -> None:
    rig = Rig(attempts)
    rig.run()
    assert [it.retry_in for it in rig.states if it.code is CameraCode.REFUSED] == [64.0]


def test_a_name_that_does_not_resolve_is_unreachable_but_nobody_was_asked() -> None:
    rig = Rig([CameraNotFound("host name cam not found"), CameraUnreachable("nobody there")])
    rig.run()
    said = [(state.code, state.found) for state in rig.states[1:3]]
    assert said == [(CameraCode.UNREACHABLE, False), (CameraCode.UNREACHABLE, True)]


def test_unreachable_in_an_open_session_is_a_loss() -> None:
    rig = Rig([[PICTURE, CameraUnreachable("500")], [PICTURE]])
    assert [code for code, _ in rig.run()] == ["connecting", "live", "connecting", "live"]


def test_a_looped_clip_begins_anew_as_a_new_session_without_a_word() -> None:
    rig = Rig([[PICTURE, SessionOver("the end", again=True)], [PICTURE]])
    assert [code for code, _ in rig.run()] == ["connecting", "live"]
    assert [frame.session for frame in rig.frames] == [1, 2]


def test_a_clip_that_is_over_is_disabled_for_good() -> None:
    rig = Rig([[PICTURE, SessionOver("the end", again=False)], [PICTURE]])

    def said(state: CameraState) -> None:
        rig.states.append(state)
        if state.code is CameraCode.DISABLED:
            rig.worker.stop.set()

    rig.keeper._outlet._on_state = said
    assert [code for code, _ in rig.run()] == ["connecting", "live", "disabled"]
    assert len(rig.attempts) == 1


def test_what_one_kind_of_camera_counts_keeps_and_notes_besides_is_said_with_the_rest() -> None:
    kept: list[tuple[str, int]] = []

    def keep(error: CameraError, failures: int) -> str:
        kept.append((str(error), failures))
        return f"log {len(kept)}"

    gone = CameraUnreachable("nobody there")
    extras = Extras(lambda stats: replace(stats, fragments=7), keep)
    rig = Rig([gone, gone, [PICTURE]], extras, note=" (noted)")
    rig.run()
    assert kept == [("nobody there", 1), ("nobody there", 2)]
    assert [state.log for state in rig.states] == [None, "log 1", "log 2", None]
    assert rig.states[-1].reason == "frames arrive after 2 failures (noted)"
    assert rig.keeper.stats.fragments == 7


def test_a_kind_of_camera_may_rest_the_same_time_after_each_attempt() -> None:
    gone = CameraUnreachable("nobody there")
    rig = Rig([gone] * 3, timing=replace(TIMING, unreachable=15.0))
    rig.run()
    assert [state.retry_in for state in rig.states[1:]] == [15.0] * 3


def bug() -> TypeError:
    """What a library raises that has dropped an argument."""
    return TypeError("open() got an unexpected keyword\nargument")


def test_what_no_session_should_raise_ends_the_session_and_neither_the_source_nor_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig([bug(), bug(), bug(), [PICTURE, AssertionError(), PICTURE], [PICTURE]])
    said = rig.run()
    assert [code for code, _ in said] == [
        "connecting",
        *["unreachable"] * 3,
        "live",
        "unreachable",
        "live",
    ]
    assert "TypeError: open() got an unexpected keyword argument" in said[1][1]
    assert "AssertionError" in said[5][1]
    assert not any(state.found for state in rig.states if state.code is CameraCode.UNREACHABLE)
    waits = [state.retry_in or 0.0 for state in rig.states if state.code == "unreachable"]
    for wait, most in zip(waits, (1, 2, 4, 8), strict=True):
        assert 0.66 * most <= wait <= most
    assert rig.worker.restarts == 4
    assert rig.sessions[0].closed
    told = [record for record in caplog.records if record.exc_info]
    assert [record.args for record in told] == [("porch", "TypeError"), ("porch", "AssertionError")]


def test_a_session_that_cannot_even_be_closed_is_followed_by_the_next() -> None:
    rig = Rig([[PICTURE, SessionLost("cut")], [PICTURE]])
    opened = rig._open

    def open_broken(patience: Patience) -> Session:
        session = opened(patience)
        if len(rig.sessions) == 1:

            def close() -> None:
                raise RuntimeError("half closed")

            session.close = close  # type: ignore[method-assign]
        return session

    rig.keeper._open = open_broken
    assert [code for code, _ in rig.run()] == ["connecting", "live", "unreachable", "live"]


def test_a_thread_that_begins_anew_says_nothing_of_a_gate_that_was_closed_long_ago() -> None:
    rig = Rig([[PICTURE]])
    gate = PrivacyGate(closed=True)
    gate.open()
    rig.keeper._gate = gate
    rig.run()
    assert "private" not in [state.code.value for state in rig.states]
    assert len(rig.frames) == 1


def test_a_camera_whose_picture_is_refused_is_read_more_slowly() -> None:
    rig = Rig([[PICTURE] * 20])
    rig.keeper._outlet._on_frame = lambda _frame: False
    begun = rig.clock.monotonic()
    rig.run()
    assert rig.clock.monotonic() - begun == pytest.approx(20 * reconnect._SLOWER)
    assert rig.keeper.stats.frames == 20
