"""Cameras that another program reads: `exec:COMMAND`, and `rpicam:` for that of a Raspberry Pi.

The program writes MJPEG, H.264 or H.265 to its standard output. It never runs through a shell, has
a process group of its own and ends with the session, also when the agent is killed.
"""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl

import av

from agent.camera.arrivals import Arrivals
from agent.camera.decoding import Decoding
from agent.camera.http.multipart import PictureCutter
from agent.camera.interruptible_wait import STEP, Patience
from agent.camera.rtsp.depacketizer import H264, H265, NalUnits
from agent.camera.session import MOST_BYTES, Opener, Picture, Session
from agent.core.errors import CameraUnreachable, ConfigError, SessionLost
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.time_allowance import Room
from agent.runtime.parent_death import ending_with_us
from agent.runtime.redaction import excerpt

#: Seconds without a picture; a program may have to connect somewhere first.
SILENCE = 15.0
#: Bytes kept of the program's complaints, and bytes of the last line in the reason.
_MOST_SAID, _MOST_WORDS = 4096, 160
_PIECE = 256 * 1024
#: Bytes by which it is known what comes.
_ENOUGH = 8
#: Seconds for which a picture's other bytes are waited for.
_SETTLE_MS = 4.0
#: Seconds that a program may take to end by itself.
_ENDS_WITHIN = 1.0
#: Variables with secrets of the agent begin so.
_OURS = "SURVEILLANCE_"

_RPICAM = ("rpicam-vid", "libcamera-vid")
_NUMBERS = {"width": 1280, "height": 720, "fps": 15, "camera": 0, "bitrate": 0}
_CODECS = ("h264", "mjpeg")


def exec_opener(
    url: str, memory: Room | None = None, *, coded: bool = False, looks: Looks = EACH_PICTURE
) -> Opener:
    """Opens sessions with the program of `exec:COMMAND`, whose words are parted as a shell does.

    Raises:
        ConfigError: no command, or a quote without its end.
    """
    try:
        words = shlex.split(url.partition(":")[2])
    except ValueError as error:
        raise ConfigError(f"camera source: exec: cannot be parted into words: {error}") from None
    if not words:
        raise ConfigError("camera source: exec: needs a command, such as exec:ffmpeg ... pipe:1")
    return _opener(lambda: words, memory, coded=coded, looks=looks)


def rpicam_opener(
    url: str, memory: Room | None = None, *, coded: bool = False, looks: Looks = EACH_PICTURE
) -> Opener:
    """Opens sessions with `rpicam:?width=1280&height=720&fps=15&codec=h264`.

    Raises:
        ConfigError: an option that is unknown, or no number.
    """
    _, _, query = url.partition(":")[2].partition("?")
    codec, numbers = "h264", dict(_NUMBERS)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "codec" and value in _CODECS:
            codec = value
        elif name in numbers and value.isascii() and value.isdigit() and len(value) < 10:
            numbers[name] = int(value)
        elif name == "codec" or name in numbers:
            allowed = " or ".join(_CODECS) if name == "codec" else "a number"
            raise ConfigError(f"camera source: rpicam: {name}={value!r} is not {allowed}")
        else:
            known = ", ".join(["codec", *numbers])
            raise ConfigError(f"camera source: rpicam: has no option {name!r}; allowed: {known}")
    if not (numbers["width"] > 0 and numbers["height"] > 0 and numbers["fps"] > 0):
        raise ConfigError("camera source: rpicam: width, height and fps are above 0")

    def words() -> list[str]:
        """The command, with the program that is installed."""
        program = next((it for it in _RPICAM if shutil.which(it)), None)
        if program is None:
            names = " nor ".join(_RPICAM)
            raise CameraUnreachable(f"rpicam: neither {names} is here: install rpicam-apps")
        return _rpicam_command(program, codec, numbers)

    return _opener(words, memory, coded=coded, looks=looks)


def _rpicam_command(program: str, codec: str, numbers: dict[str, int]) -> list[str]:
    command = [program, "--camera", str(numbers["camera"]), "--nopreview", "--timeout", "0"]
    command += ["--width", str(numbers["width"]), "--height", str(numbers["height"])]
    command += ["--framerate", str(numbers["fps"]), "--codec", codec, "--flush"]
    if codec == "h264":  # a key picture, with its parameter sets, each two seconds
        command += ["--inline", "--intra", str(2 * numbers["fps"])]
        if numbers["bitrate"]:
            command += ["--bitrate", str(numbers["bitrate"])]
    return [*command, "--output", "-"]


def _opener(
    words: Callable[[], list[str]], memory: Room | None, *, coded: bool, looks: Looks
) -> Opener:
    def opened(patience: Patience) -> Session:
        """A session with a new child."""
        return ProgramSession(words(), patience, memory, coded=coded, looks=looks)

    return opened


class ProgramSession:
    """One child, from its start to its end.

    Args:
        command: the program and its arguments.
        patience: of the source whose thread this is.
        memory: what the camera may take; None: it is alone with the machine.
        coded: H.264 and H.265 are handed on undecoded.
        looks: says which of their pictures are looked at.

    Raises:
        CameraUnreachable: it cannot be started.
    """

    silence = SILENCE
    answers = False

    def __init__(
        self,
        command: list[str],
        patience: Patience,
        memory: Room | None = None,
        *,
        coded: bool = False,
        looks: Looks = EACH_PICTURE,
    ) -> None:
        self._name = os.path.basename(command[0])  # noqa: PTH119  a word, no path yet
        self._patience = patience
        self._pictures = _Pictures(self._name, memory, coded=coded, looks=looks)
        self._ready: deque[Picture] = deque()
        self._said = b""
        self._came = False
        self._hears = True  # its standard error is open
        try:
            # no shell; the words are the configuration's
            self._child = subprocess.Popen(
                ending_with_us(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
                env={name: it for name, it in os.environ.items() if not name.startswith(_OURS)},
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "cannot be started"
            raise CameraUnreachable(f"{self._name}: {why}; is it installed?") from error
        assert self._child.stdout is not None  # noqa: S101  for the type checker
        assert self._child.stderr is not None  # noqa: S101
        self._out, self._complaints = self._child.stdout.fileno(), self._child.stderr.fileno()
        self._poll = select.poll()
        for descriptor in (self._out, self._complaints):
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)

    @property
    def damaged(self) -> int:
        """Pictures that came broken."""
        return self._pictures.damaged

    @property
    def why(self) -> str:
        """Why no picture comes."""
        said = self._last_words()
        words = "what it writes is no picture" if self._came else "it writes nothing"
        return f"{self._name}: {words}{f' ({said})' if said else ''}"

    def read(self) -> Picture | None:
        """The next picture; None when none came within a step."""
        if not self._ready:
            self._patience.look()
            ready = {descriptor for descriptor, _ in self._poll.poll(STEP * 1000)}
            if self._complaints in ready:
                self._listen()
            if self._out in ready:
                self._take()
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Ends the child with all that it started."""
        self._pictures.close()
        for ends, within in ((signal.SIGTERM, _ENDS_WITHIN), (signal.SIGKILL, _ENDS_WITHIN)):
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, ends)
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(within)
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def _take(self) -> None:
        select.poll().poll(_SETTLE_MS)
        try:
            data = os.read(self._out, _PIECE)
        except BlockingIOError:
            return
        if not data:
            raise self._ended()
        self._came = True
        at = self._patience.clock.monotonic()
        try:
            self._ready.extend(self._pictures.push(data, at))
        except _NoPictures as error:
            raise CameraUnreachable(f"{self._name}: {error}") from None

    def _listen(self) -> None:
        try:
            said = os.read(self._complaints, _PIECE)
        except BlockingIOError:
            return
        if not said and self._hears:
            self._hears = False
            self._poll.unregister(self._complaints)
        self._said = (self._said + said)[-_MOST_SAID:]

    def _ended(self) -> CameraUnreachable | SessionLost:
        """Why its output has ended."""
        self._listen()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(_ENDS_WITHIN)
        status = self._child.returncode
        how = "closed its output" if status is None else f"ended with status {status}"
        if status is not None and status < 0:
            how = f"was ended by signal {-status}"
        said = self._last_words()
        words = f"{self._name}: {how}{f': {said}' if said else ''}"
        return SessionLost(words) if self._came else CameraUnreachable(words)

    def _last_words(self) -> str:
        """The last line that it wrote to its standard error."""
        lines = [it.strip() for it in self._said.decode("utf-8", "replace").splitlines()]
        last = next((it for it in reversed(lines) if it), "")
        return excerpt("".join(c if c.isprintable() else " " for c in last), _MOST_WORDS)


class _NoPictures(Exception):
    """What comes is nothing that we can show."""


class _Pictures:
    """Cuts a byte stream into pictures, of whichever kind they are."""

    def __init__(self, where: str, memory: Room | None, *, coded: bool, looks: Looks) -> None:
        self._where, self._memory, self._coded, self._looks = where, memory, coded, looks
        self._begin = b""
        self._cutter: PictureCutter | None = None
        self._units: NalUnits | None = None
        self._parser: av.CodecContext | None = None
        self._decoding: Decoding | None = None
        self._arrivals = Arrivals()

    @property
    def damaged(self) -> int:
        """Pictures that came broken."""
        cut = self._cutter.damaged if self._cutter else 0
        return cut + (self._decoding.damaged if self._decoding else 0)

    def close(self) -> None:
        """Gives back what decoding has taken."""
        if self._decoding is not None:
            self._decoding.close()

    def push(self, data: bytes, at: float) -> list[Picture]:
        """The pictures that these bytes complete.

        Raises:
            CameraRefused: decoding them takes more memory than there is.
            _NoPictures: nothing that we know begins so.
        """
        if self._cutter is None and self._parser is None:
            self._begin += data
            if len(self._begin) < _ENOUGH:
                return []
            data, self._begin = self._begin, b""
            self._know(data)
        if self._cutter is not None:
            jpegs = self._cutter.push(data)
            times = self._arrivals.times(len(jpegs), at)
            return [Picture(jpeg, came) for jpeg, came in zip(jpegs, times, strict=True)]
        assert self._parser is not None  # noqa: S101  `_know` made it
        assert self._units is not None  # noqa: S101
        assert self._decoding is not None  # noqa: S101
        packets = self._parser.parse(data)
        units = [unit for packet in packets for unit in self._units.whole(bytes(packet))]
        found: list[Picture] = []
        for unit, came in zip(units, self._arrivals.times(len(units), at), strict=True):
            if unit.data:
                found += self._decoding.take(unit, came)
        return found

    def _know(self, data: bytes) -> None:
        start = data.find(b"\0\0\1", 0, _ENOUGH)
        if data.startswith(b"\xff\xd8") or data.lstrip(b"\r\n").startswith(b"--"):
            self._cutter = PictureCutter()
            return
        if start < 0:
            words = "write MJPEG, H.264 or H.265 (Annex B) to standard output"
            raise _NoPictures(f"what it writes is none of them: {words}")
        h265 = data[start + 3] >> 1 & 63 in {32, 33, 34, 35} and data[start + 4] == 1
        codec = "hevc" if h265 else "h264"
        self._units = H265([], MOST_BYTES) if h265 else H264([], MOST_BYTES)
        self._parser = av.CodecContext.create(codec, "r")
        self._decoding = Decoding(
            self._where, codec, self._memory, coded=self._coded, looks=self._looks
        )
