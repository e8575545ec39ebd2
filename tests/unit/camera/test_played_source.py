from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from agent.camera.interruptible_wait import Patience
from agent.camera.played_source import demo_opener, file_opener
from agent.camera.session import Session, SessionOver
from agent.core.errors import CameraUnreachable, ConfigError
from agent.runtime.worker import Worker
from tests.support.clock import FakeClock
from tests.support.jpegs import jpegs

PICTURES = jpegs(3, 500)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, picture in enumerate(PICTURES):
        (tmp_path / f"{number}.jpg").write_bytes(picture)
    return tmp_path


def patience() -> Patience:
    clock = FakeClock()
    worker = Worker("porch.camera", lambda _w: None, clock, lambda _n, _e: None)
    return Patience(worker, clock)


def opened(url: str, *, room: bool = True) -> Session:
    return file_opener(url, lambda: room)(patience())


def played(session: Session) -> list[tuple[bytes, float]]:
    first = session.read()
    assert first is not None
    out = [(first.jpeg, 0.0)]
    with suppress(SessionOver):
        while (picture := session.read()) is not None:
            out.append((picture.jpeg, picture.at - first.at))
    return out


@pytest.mark.parametrize("realtime", [0, 1])
def test_a_folder_is_played_at_its_rate_and_its_times_are_the_scenes(
    folder: Path, realtime: int
) -> None:
    session = opened(f"file:{folder}?loop=0&fps=4&realtime={realtime}")
    assert played(session) == list(zip(PICTURES, (0.0, 0.25, 0.5), strict=True))


@pytest.mark.parametrize("loop", [False, True])
def test_the_end_says_whether_to_begin_again(folder: Path, *, loop: bool) -> None:
    session = opened(f"file:{folder}?loop={int(loop)}&realtime=0")
    assert all(session.read() for _ in range(3))
    with pytest.raises(SessionOver) as over:
        session.read()
    assert over.value.again is loop


def test_as_fast_as_possible_waits_for_room(folder: Path) -> None:
    assert opened(f"file:{folder}?realtime=0", room=False).read() is None


def test_the_demo_never_ends() -> None:
    session = demo_opener("demo:")(patience())
    times = [picture.at for _ in range(200) if (picture := session.read()) is not None]
    assert times[-1] - times[0] == pytest.approx(199 / 15)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("?lop=1", "no option 'lop'; allowed: loop, realtime, fps"),
        ("?loop=2", "loop='2': allowed are 0 and 1"),
        ("?fps=0", "fps='0' is not between"),
        ("?fps=fast", "fps='fast'"),
    ],
)
def test_a_wrong_option_is_named(folder: Path, options: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("?", r"\?")):
        file_opener(f"file:{folder}{options}", lambda: True)


def test_a_missing_or_unplayable_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such clip or folder"):
        file_opener(f"file:{tmp_path}/none", lambda: True)
    (tmp_path / "clip.mp4").write_bytes(b"no clip")
    with pytest.raises(CameraUnreachable, match="not a clip"):
        opened(f"file:{tmp_path}/clip.mp4")
