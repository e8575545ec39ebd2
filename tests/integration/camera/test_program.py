"""Cameras that another program reads; stand-ins take the place of a Raspberry Pi's."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from agent.camera.program import exec_opener, rpicam_opener
from agent.camera.source import check_url
from agent.core.errors import ConfigError
from agent.core.messages import CameraCode
from agent.imaging.jpeg import dimensions
from tests.support.jpegs import jpeg
from tests.support.rtp import pictures
from tests.support.source_rig import SourceRig
from tests.support.waiting import wait_until

#: Writes a file in pieces, again and again, until it is ended.
_PLAYS = """
import sys, time
data = open(sys.argv[1], "rb").read()
while True:
    for at in range(0, len(data), 700):
        sys.stdout.buffer.write(data[at:at + 700]); sys.stdout.buffer.flush(); time.sleep(0.005)
"""


def film(path: Path, codec: str = "libx264") -> Path:
    """Twelve pictures of 64x48, a key picture each four."""
    options = {"g": "4"} if codec == "libx264" else {"x265-params": "log-level=none:keyint=4"}
    coded = pictures(codec, 12, options)
    path.write_bytes(b"".join(b"\0\0\0\1" + nal for nals in coded for nal in nals))
    return path


def command(script: str, *arguments: object) -> str:
    return "exec:" + shlex.join([sys.executable, "-c", script, *map(str, arguments)])


@pytest.mark.parametrize(("codec", "name"), [("libx264", "h264"), ("libx265", "hevc")])
def test_video_of_a_program_is_shown_from_a_key_picture_on(
    tmp_path: Path, codec: str, name: str
) -> None:
    opener = exec_opener(command(_PLAYS, film(tmp_path / "film", codec)))
    with SourceRig(opener) as agent:
        frames = agent.wait_frames(20)
        assert {dimensions(frame.image) for frame in frames} == {(48, 64)}
        videos = [frame.video for frame in frames if frame.video is not None]
        assert [video.codec for video in videos] == [name] * len(frames)
        assert videos[0].key
        assert videos[0].sets
        assert agent.source.stats.frames_damaged == 0


def test_jpegs_of_a_program_are_handed_on_as_they_are(tmp_path: Path) -> None:
    sent = [jpeg(3000, seed=n) for n in range(4)]
    (tmp_path / "film").write_bytes(b"".join(sent))
    with SourceRig(exec_opener(command(_PLAYS, tmp_path / "film"))) as agent:
        assert [frame.jpeg for frame in agent.wait_frames(4)[:4]] == sent


def test_a_recording_stream_is_handed_on_undecoded(tmp_path: Path) -> None:
    opener = exec_opener(command(_PLAYS, film(tmp_path / "film")), coded=True)
    with SourceRig(opener) as agent:
        frames = agent.wait_frames(8)
        assert all(frame.video is not None and frame.decoded is None for frame in frames)


def test_a_program_that_ends_is_started_again_and_its_last_words_are_said(tmp_path: Path) -> None:
    script = (
        "import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read());"
        "sys.stdout.flush(); print('x' * 100000, file=sys.stderr);"
        "print('lens cap is on', file=sys.stderr); sys.exit(3)"
    )
    with SourceRig(exec_opener(command(script, film(tmp_path / "film")))) as agent:
        lost = agent.wait_for(CameraCode.CONNECTING, after=2)
        assert "ended with status 3: lens cap is on" in lost.reason
        wait_until("a second session", lambda: agent.frames[-1].session == 2)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; sys.exit('no cameras available')", "no cameras available"),
        ("print('<html>nothing here</html>')", "none of them"),
    ],
)
def test_a_program_without_pictures_is_unreachable_and_says_why(script: str, words: str) -> None:
    with SourceRig(exec_opener(command(script))) as agent:
        assert words in agent.wait_for(CameraCode.UNREACHABLE).reason


def test_a_program_that_is_not_there_is_named() -> None:
    with SourceRig(exec_opener("exec:no-such-program --at all")) as agent:
        reason = agent.wait_for(CameraCode.UNREACHABLE).reason
        assert reason.startswith("no-such-program: No such file or directory")


def test_nothing_is_left_of_a_program_that_does_not_want_to_end(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "open(f'{sys.argv[1]}/{os.getpid()}', 'w').close()\n"
        "time.sleep(600)\n"
    )
    with SourceRig(exec_opener(command(script, tmp_path))):
        wait_until("both of them", lambda: len(list(tmp_path.iterdir())) == 2)
        members = [int(path.name) for path in tmp_path.iterdir()]
    wait_until("their end", lambda: not any(_runs(pid) for pid in members))


def test_a_program_ends_when_the_agent_is_killed(tmp_path: Path) -> None:
    theirs = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open(f'{sys.argv[1]}/{os.getpid()}', 'w').close()\n"
        "time.sleep(600)\n"
    )
    ours = (
        "import sys\n"
        "from agent.camera.program import exec_opener\n"
        "from tests.support.source_rig import SourceRig\n"
        "with SourceRig(exec_opener(sys.argv[1])) as agent: sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", ours, command(theirs, tmp_path)], stdin=subprocess.PIPE
    ) as agent:
        wait_until("the program", lambda: any(tmp_path.iterdir()))
        agent.kill()
    (program,) = (int(path.name) for path in tmp_path.iterdir())
    wait_until("its end", lambda: not _runs(program))


def test_pictures_that_a_program_writes_at_once_have_times_of_their_own(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "while True: sys.stdout.buffer.write(data); sys.stdout.flush(); time.sleep(0.2)\n"
    )
    (tmp_path / "film").write_bytes(b"".join(jpeg(300, seed=n) for n in range(4)))
    with SourceRig(exec_opener(command(script, tmp_path / "film"))) as agent:
        times = [frame.at for frame in agent.wait_frames(20)[4:]]
    assert all(before < after for before, after in pairwise(times))


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # one whose parent has gone waits for somebody to ask for it


def test_words_are_the_programs_own_and_secrets_of_the_agent_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVEILLANCE_MQTT__PASSWORD", "hidden")
    script = (
        "import json, os, sys\n"
        "said = [sys.argv[2:], [name for name in os.environ if name.startswith('SURV')]]\n"
        "open(sys.argv[1], 'w').write(json.dumps(said))\n"
    )
    said = tmp_path / "said"
    with SourceRig(exec_opener(command(script, said, "a b", "$HOME", ";", "|", "*"))) as agent:
        agent.wait_for(CameraCode.UNREACHABLE)
    assert said.read_text() == '[["a b", "$HOME", ";", "|", "*"], []]'


@pytest.mark.parametrize("program", ["rpicam-vid", "libcamera-vid"])
def test_the_camera_of_a_raspberry_pi_is_read_by_whichever_program_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    stand_in = tmp_path / program
    played = shlex.join([sys.executable, "-c", _PLAYS, str(film(tmp_path / "film"))])
    stand_in.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nexec {played}\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with SourceRig(rpicam_opener("rpicam:?width=1920&height=1080&fps=10")) as agent:
        agent.wait_frames(3)
    words = (tmp_path / "words").read_text()
    for wanted in ("--width 1920 --height 1080", "--framerate 10", "--inline", "--output -"):
        assert wanted in words


def test_without_its_program_the_pi_camera_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with SourceRig(rpicam_opener("rpicam:")) as agent:
        assert "install rpicam-apps" in agent.wait_for(CameraCode.UNREACHABLE).reason


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("exec:", "needs a command"),
        ("exec:ffmpeg 'a", "parted into words"),
        ("rpicam:?codec=av1", "h264 or mjpeg"),
        ("rpicam:?width=wide", "a number"),
        ("rpicam:?height=0", "above 0"),
        ("rpicam:?colour=red", "no option 'colour'; allowed"),
    ],
)
def test_what_cannot_be_started_is_a_mistake_of_the_configuration(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_url(url)
