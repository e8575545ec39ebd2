"""`play` with the real library, a real child process for each download, and real servers."""

from __future__ import annotations

import http.server
import io
import os
import shutil
import socket
import subprocess
import threading
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.audio import download
from agent.audio.beeper import BeeperWorker
from agent.audio.download import Download
from agent.audio.link import Answer
from agent.audio.options import BeepOptions, tones_box
from agent.audio.tones import LONGEST_PLAY, MAX_PLAY, Tone, built_in_tone, read_wav
from agent.core.messages import AudioState, BeepDone
from agent.core.orders import Beep, Play, StopPlay
from agent.core.owner_answers import SoundDone
from agent.runtime.clock import SystemClock
from agent.runtime.worker import Worker
from tests.support.alsa import SoundCard, need_portaudio, without_silence
from tests.support.needs import need
from tests.support.waiting import PATIENCE, gone, wait_until

Serve = Callable[[http.server.BaseHTTPRequestHandler], object]


def wav(seconds: float = 0.5, rate: int = 48_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(b"\x10\x20" * round(seconds * rate))
    return file.getvalue()


class Server:
    """A web server of this test, on loopback; what it does is set before it is asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.serve: Serve = lambda _request: None
        self.leave = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                try:
                    outer.serve(self)
                except OSError:
                    self.close_connection = True  # the agent has left

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/bell.wav"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.leave.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def sends(body: bytes, *, status: int = 200, length: int | None = -1, **headers: str) -> Serve:
    """Serves a body; `length` None leaves the header out, -1 tells the truth."""

    def serve(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        if length is not None:
            request.send_header("Content-Length", str(len(body) if length == -1 else length))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return serve


def fetch(url: str, play_from: tuple[str, ...] | None = ("127.0.0.1",)) -> bytes | Answer:
    """What a download brings; its process is gone afterwards."""
    loading = Download(url, play_from)
    brought: list[bytes | Answer] = []

    def there() -> bool:
        if (answer := loading.poll(0.1)) is not None:
            brought.append(answer)
        return bool(brought)

    try:
        wait_until("an answer", there)
        return brought[0]
    finally:
        loading.close()
        assert gone(loading._process.pid)


def words(answer: bytes | Answer) -> str:
    assert isinstance(answer, Answer), answer[:50]
    assert answer.code == "sound_unavailable"
    return answer.message


def test_a_sound_is_fetched_as_it_is(server: Server) -> None:
    for length in (-1, None):
        server.serve = sends(wav(20.0), length=length)
        assert fetch(server.url + "?token=1") == wav(20.0)
    assert server.paths == ["/bell.wav?token=1"] * 2


def test_this_machine_is_not_asked_unless_the_operator_names_it(server: Server) -> None:
    port = server.url.split(":")[2]
    for host in ("127.0.0.1", "localhost", "0.0.0.0", "2130706433", "[::ffff:127.0.0.1]"):
        said = words(fetch(f"http://{host}:{port}", None))
        assert "this machine; beep.play_from can name it" in said
    assert "beep.play_from does not name" in words(fetch(server.url, ("nas",)))
    assert server.paths == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(server: Server, status: int) -> None:
    server.serve = sends(b"", status=status, Location="http://127.0.0.1:1/secret")
    assert words(fetch(server.url)) == "127.0.0.1 redirects to another URL: send that one"
    assert len(server.paths) == 1


@pytest.mark.parametrize("length", [-1, None, MAX_PLAY + 1])
def test_a_huge_sound_is_refused_before_it_is_here(server: Server, length: int | None) -> None:
    body = bytes(MAX_PLAY + 1) if length != MAX_PLAY + 1 else b""  # announced: nothing need come
    server.serve = sends(body, length=length)
    assert words(fetch(server.url)) == f"127.0.0.1 sends more than {MAX_PLAY} bytes"


def test_errors_of_the_server_are_named_and_nothing_of_its_text_is_repeated(server: Server) -> None:
    server.serve = sends(b"secret text", status=404)
    assert words(fetch(server.url)) == "127.0.0.1 answers 404"
    server.serve = sends(b"RIFF", length=900)
    assert words(fetch(server.url)) == "127.0.0.1 ended before the sound did"
    server.serve = lambda request: request.wfile.write(b"SSH-2.0-secret\r\n")
    assert words(fetch(server.url)) == "127.0.0.1: BadStatusLine"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "Connection refused" in words(fetch(f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert "no host" in words(fetch("http://surely.invalid/bell.wav", None))


def drip(server: Server) -> Serve:
    def serve(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.leave.wait(0.05):
            request.wfile.write(b"R")

    return serve


def silent(server: Server) -> Serve:
    return lambda _request: server.leave.wait()


@pytest.mark.parametrize("how", [drip, silent])
def test_a_server_that_hangs_or_drips_costs_its_seconds_and_no_more(
    server: Server, how: Callable[[Server], Serve], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "FETCH_SECONDS", 1.0)
    server.serve = how(server)
    assert "not answer within 1 s" in words(fetch(server.url))


def test_a_converter_that_does_not_know_the_length_makes_a_good_sound(tmp_path: Path) -> None:
    need("" if shutil.which("ffmpeg") else "ffmpeg is not installed")
    source = tmp_path / "hello.wav"
    source.write_bytes(wav(1.0, rate=22_050))
    made = subprocess.run(  # as Home Assistant's TTS does: to a pipe, so no size is in the header
        ["ffmpeg", "-v", "error", "-i", str(source), "-ar", "48000", "-f", "wav", "pipe:"],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    assert made[4:8] == b"\xff\xff\xff\xff"
    assert read_wav(made, 1.0, LONGEST_PLAY).seconds == pytest.approx(1.0, abs=0.01)


# ------------------------------------------------------------------ with the speaker


class House:
    """A running beeper that may ask this test's server."""

    def __init__(self) -> None:
        self.said: list[AudioState | BeepDone | SoundDone] = []
        self.box = tones_box()
        clock = SystemClock()
        options = BeepOptions(play_from=("127.0.0.1",))
        self.beeper = BeeperWorker(options, self.box, self._hear, clock)
        self.worker = Worker("beeper", self.beeper.run, clock, lambda _name, _error: None)
        self.worker.start()

    def stop(self) -> None:
        self.worker.halt()
        assert self.worker.join(PATIENCE)
        assert self.worker.restarts == 0

    def done(self, request: str | None) -> SoundDone | BeepDone:
        def found() -> list[SoundDone | BeepDone]:
            answers = [s for s in self.said if not isinstance(s, AudioState)]
            return [s for s in answers if s.request == request]

        return wait_until(f"an answer to {request}", found)[0]

    def _hear(self, message: object) -> None:
        assert isinstance(message, AudioState | BeepDone | SoundDone)
        self.said.append(message)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoundCard:
    need_portaudio()
    return SoundCard(tmp_path, monkeypatch)


@pytest.fixture
def house(card: SoundCard) -> Iterator[House]:
    card.plug_in()
    made = House()
    yield made
    made.stop()


def test_sounds_from_a_server_and_from_the_message_are_heard_sample_by_sample(
    house: House, card: SoundCard, server: Server
) -> None:
    server.serve = sends(wav(0.5, rate=22_050))
    house.box.put(Play("r1", url=server.url))
    house.box.put(Play("r2", wav=wav(0.25)))
    answers = [house.done("r1"), house.done("r2")]
    house.box.put(Beep("r3"))
    assert house.done("r3") == BeepDone(True, "played", "r3", house.done("r3").at)
    assert all(isinstance(a, SoundDone) for a in answers)
    first, *rest = card.heard()
    assert first.rate == 22_050
    assert first.seconds == pytest.approx(0.5, abs=0.001)
    busy = isinstance(answers[1], SoundDone) and answers[1].code == "busy"
    alone = [without_silence(built_in_tone())]
    assert rest == (alone if busy else [Tone(48_000, 1, wav(0.25)[44:]), *alone])


def test_silence_kills_what_hangs_and_the_alarm_is_heard_next(
    house: House, card: SoundCard, server: Server
) -> None:
    assert wait_until("a first state", lambda: house.said)
    server.serve = silent(server)
    house.box.put(Play("r1", url=server.url))
    wait_until("the server is asked", lambda: server.paths)
    house.box.put(Beep(None))  # an event begins meanwhile
    house.box.put(StopPlay("r2"))
    answer, hush = house.done("r1"), house.done("r2")
    assert isinstance(answer, SoundDone)
    assert isinstance(hush, SoundDone)
    assert (answer.silenced, hush.silenced) == (True, True)
    assert house.done(None) == BeepDone(True, "played", None, house.done(None).at)
    assert card.heard() == [without_silence(built_in_tone())]


def test_silence_ends_a_sound_on_a_device_that_takes_nothing(card: SoundCard) -> None:
    card.stall()
    house = House()
    try:
        wait_until("a first state", lambda: house.said)
        process = house.beeper._process
        assert process is not None
        house.box.put(Play("r1", wav=wav(20.0)))
        wait_until("it is under way", lambda: house.box.depth == 0)
        house.box.put(StopPlay("r2"))
        answer = house.done("r1")
        assert isinstance(answer, SoundDone)
        assert (answer.code, answer.silenced) == (None, True)
        assert gone(process.pid)  # type: ignore[attr-defined]
    finally:
        house.stop()


def test_a_stop_of_the_agent_ends_a_download(house: House, server: Server) -> None:
    server.serve = silent(server)
    wait_until("a first state", lambda: house.said)
    house.box.put(Play("r1", url=server.url))
    wait_until("the server is asked", lambda: server.paths)
    house.stop()
    answer = house.done("r1")
    assert isinstance(answer, SoundDone)
    assert answer.code == "sound_unavailable"
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    assert not [pid for pid in numbers if is_fetching(pid)]


def is_fetching(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return False
    return b"agent.audio.fetch" in words and int(parent) == os.getpid()
