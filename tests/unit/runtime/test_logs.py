"""One line per fact, at once, without secrets, whatever is in it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import ConfigError
from agent.runtime import logs
from agent.runtime.logs import MAX_BYTES, VARIABLE, LineFormatter, set_up
from agent.runtime.redaction import hide, redact

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d [A-Z]+ \S+: .*")


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.delenv(VARIABLE, raising=False)
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name in logs._NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET)


class Stderr:
    """A pipe in the place of stderr, which nobody reads until asked to."""

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)

    def lines(self) -> list[str]:
        try:
            data = b""
            while chunk := os.read(self._reader, 65_536):
                data += chunk
        except BlockingIOError:
            pass
        return data.decode().splitlines()

    def shrink(self) -> None:
        """To the smallest pipe there is: one page."""
        fcntl.fcntl(self.writer, fcntl.F_SETPIPE_SZ, 4096)

    def close(self) -> None:
        os.close(self._reader)
        os.close(self.writer)


@pytest.fixture
def stderr() -> Iterator[Stderr]:
    pipe = Stderr()
    yield pipe
    pipe.close()


def formatted(message: str) -> str:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, None, None)
    return LineFormatter().format(record)


def test_a_line_has_time_with_offset_level_thread_and_message(stderr: Stderr) -> None:
    set_up(None, stderr.writer)
    logging.getLogger("agent.camera").warning("camera %s: silent", "front_door")
    (line,) = stderr.lines()
    assert LINE.fullmatch(line)
    name = threading.current_thread().name
    assert line.endswith(f" WARNING {name}: camera front_door: silent")


def test_a_traceback_stays_on_the_line_of_its_fact(stderr: Stderr) -> None:
    set_up(None, stderr.writer)
    try:
        int("a\nb")
    except ValueError:
        logging.getLogger("agent").exception("worker vision: failed")
    (line,) = stderr.lines()
    assert "worker vision: failed | Traceback" in line
    assert line.endswith("ValueError: invalid literal for int() with base 10: 'a\\nb'")


def test_the_environment_gives_the_level_and_an_argument_wins(
    stderr: Stderr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "debug")
    set_up(None, stderr.writer)
    logging.getLogger("agent").debug("one")
    set_up("error", stderr.writer)
    logging.getLogger("agent").warning("two")
    assert [line[-3:] for line in stderr.lines()] == ["one"]


def test_an_unknown_level_names_where_it_stands_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "loud")
    with pytest.raises(ConfigError, match=f"{VARIABLE}: 'LOUD' is none of DEBUG, INFO"):
        set_up()
    with pytest.raises(ConfigError, match="log level: 'X'"):
        set_up("x")


def test_libraries_are_heard_from_warnings_on_even_at_debug(stderr: Stderr) -> None:
    set_up("DEBUG", stderr.writer)
    logging.getLogger("amqtt.broker").info("chatter")
    logging.getLogger("paho").warning("fact")
    assert [line.rpartition(" ")[2] for line in stderr.lines()] == ["fact"]


def test_setting_up_twice_does_not_double_the_lines(stderr: Stderr) -> None:
    set_up(None, stderr.writer)
    set_up(None, stderr.writer)
    logging.getLogger("agent").info("once")
    assert len(stderr.lines()) == 1


def test_a_reader_that_stopped_reading_loses_lines_but_stops_nobody(stderr: Stderr) -> None:
    stderr.shrink()
    set_up(None, stderr.writer)
    for number in range(100):
        logging.getLogger("agent").info("fact %d %s", number, "x" * 500)
    first = stderr.lines()
    logging.getLogger("agent").info("again")
    notice, again = stderr.lines()
    assert 0 < len(first) < 10
    assert notice == f"log: {100 - len(first)} lines missing, nobody read them"
    assert again.endswith("again")


def test_a_closed_stderr_stops_nobody() -> None:
    pipe = Stderr()
    set_up(None, pipe.writer)
    pipe.close()
    logging.getLogger("agent").info("into the void")


def test_a_message_that_does_not_fit_its_arguments_is_said_with_its_place(stderr: Stderr) -> None:
    set_up(None, stderr.writer)
    logging.getLogger("agent").info("%d frames", "many")
    (line,) = stderr.lines()
    assert line.startswith("log: unprintable record from ")
    assert "test_logs.py" in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:s3cret@10.0.0.7/live", "rtsp://***@10.0.0.7/live"),
        ("mqtt://token@host:1883", "mqtt://***@host:1883"),
        ("x rtsp://a:p@ss#?w@cam/1 y", "x rtsp://***@cam/1 y"),
        ("rtsp://a:p/ss@cam/1", "rtsp://***@cam/1"),
        ("rtsp://a:b@h1,rtsp://c:d@h2", "rtsp://***@h1,rtsp://***@h2"),
        ("http://cam/snap?user=me&PWD=abc&x=1", "http://cam/snap?user=***&PWD=***&x=1"),
        ("http://cam/snap?token=abc#top", "http://cam/snap?token=***"),
        ("http://c/?loginuse=a&loginpas=b;usr=c", "http://c/?loginuse=***&loginpas=***;usr=***"),
        ("rtsp://c/user=a_password=b_channel=1", "rtsp://c/user=***_channel=1"),
        ("rtsp://c:554/0/admin:b/main", "rtsp://c:554/0/***/main"),
        ("rtsp://a:p@s/s@cam/1", "rtsp://***@cam/1"),
        ("open admin:p@cam/1 failed", "open ***@cam/1 failed"),
        ("{'password': 'abc def', \"token\":\"x\"}", "{'password': ***, \"token\":***}"),
        ('{"mqtt_password": "a\\"b c", "pin": 12}', '{"mqtt_password": ***, "pin": 12}'),
        ("'token': 'abc def", "'token': ***"),
        ("{'password': 1234}", "{'password': ***}"),
        ('{"login":["bob","hunter2"]}', '{"login":***}'),
        (
            '{"login": [["b]b"], b\'x\'], "users": [ ], "n": [1]}',
            '{"login": ***, "users": ***, "n": [1]}',
        ),
        ("{'login': ['bob', 'hunt", "{'login': ***"),
        ('[{"login":["a"]},{"x":["b"]}]', '[{"login":***},{"x":["b"]}]'),
        ('"password": hunter,2two', '"password": ***'),
        ('{"token":12,"x":3}', '{"token":***,"x":3}'),
        ('{"token": x, y}', '{"token": ***, y}'),
        ('{"auth": {"password": "hunter2"}}', '{"auth": {"password": ***}}'),
        ('"password": "abc def\\', '"password": ***'),
        ("{'password': b'abc d', 'x': 1}", "{'password': ***, 'x': 1}"),
        ("http://c/x?pwd=a&b&channel=1", "http://c/x?pwd=***&channel=1"),
        ("pwd=a&; next", "pwd=***; next"),
        ("http://c/x?u=a&p=b&page=2", "http://c/x?u=***&p=***&page=2"),
        ("http://c/x?pwd=abc: no answer", "http://c/x?pwd=***: no answer"),
        ("mqtt.password: must be text", "mqtt.password: must be text"),
        ("12 frames at 08:15:01, 3 keys", "12 frames at 08:15:01, 3 keys"),
        ("hk://192.168.1.2:5000", "hk://192.168.1.2:5000"),
        ("mail to a@b.example, see http://x/", "mail to a@b.example, see http://x/"),
    ],
)
def test_urls_show_no_credentials(text: str, shown: str) -> None:
    assert redact(text) == shown


def json_of(value: object) -> str:
    return json.dumps(value, default=repr)


inner = st.recursive(
    st.text("qxz '\"]}[{,:\\b", max_size=12) | st.binary(max_size=5) | st.integers(7_000),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.just("pwd"), some, min_size=1),
    max_leaves=6,
)


@given(st.sampled_from(["login", "api_key"]), inner, st.sampled_from([repr, json_of]))
def test_whatever_a_name_of_secrets_holds_is_hidden_to_its_end_and_no_further(
    name: str, value: object, written: Callable[[object], str]
) -> None:
    shown = redact(written({name: value, "other": "shown"}))
    assert not re.search("[qxz]|7", shown)
    assert "shown" in shown


@pytest.mark.parametrize(
    "piece",
    [
        *('"login":[', '"login":[],"', "'login':[],\"", '"login":{', "]", '"login":[[', '"'),
        *('"login":"', "\\", '"login":["a"],', '"login":a,,', ",", '"login":b\'', " ", '],"a",'),
    ],
)
def test_a_hostile_line_eight_times_as_long_costs_about_eight_times_as_much(piece: str) -> None:
    for text in (piece, f"{piece} ", f"{piece}'", f"{piece}\\"):
        once = min(cost(text, 12_500) for _ in range(3))
        assert cost(text, 100_000) < 24 * once + 0.2  # a square would be 64 times


def cost(text: str, length: int) -> float:
    """CPU seconds for two lines of so many characters."""
    began = time.thread_time()
    redact('"login":[' + text * (length // len(text)))
    redact('"login":' + text * (length // len(text)))
    return time.thread_time() - began


def test_hidden_texts_are_hidden_wherever_they_occur_also_url_quoted() -> None:
    hide("pa ss/word")
    text = redact("refused: 'pa ss/word' pa%20ss/word pa%20ss%2Fword pa+ss%2Fword")
    assert text == "refused: '***' *** *** ***"
    assert "***" in formatted("login with pa ss/word failed")


def test_a_secret_that_contains_another_is_hidden_as_a_whole() -> None:
    hide("word")
    hide("password2")
    assert redact("password2 word") == "*** ***"


@pytest.mark.parametrize("nothing", [None, "", "abc"])
def test_what_is_too_short_to_be_a_secret_hides_nothing(nothing: str | None) -> None:
    hide(nothing)
    assert redact("abcabc") == "abcabc"


def test_nobody_can_forge_a_line_or_talk_to_the_terminal() -> None:
    line = formatted("topic a\r\n2026 INFO main: all is well\x1b[2J\x07\ud800\u2028end")
    assert "topic a | 2026 INFO main: all is well\\x1b[2J\\x07\\ud800 | end" in line


def test_a_long_line_keeps_its_beginning_and_its_end() -> None:
    line = formatted("begin " + "\u00e4" * 5_000 + " end")
    assert len(line.encode()) < MAX_BYTES
    assert ": begin " in line
    assert re.search(r"\[\.\.\. \d+ bytes left out \.\.\.\].* end$", line)


@given(st.text(st.characters(), max_size=300), st.integers(1, 40))
def test_any_text_becomes_one_bounded_line(text: str, times: int) -> None:
    line = formatted((text * times).replace("%", "%%"))
    assert len(line.encode()) < MAX_BYTES
    assert LINE.fullmatch(line)
    assert line.splitlines() == [line]
