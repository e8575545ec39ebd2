"""What somebody who has not logged in can cost: docs/explanation/security.md, the page."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from agent.page import bodies, context, passwords
from agent.reoffer.visits import GUESSES, MOST_OF_ONE
from tests.support.page_rig import PASSWORD, TOKEN, PageRig, page
from tests.support.waiting import PATIENCE, wait_until

FORM = "application/x-www-form-urlencoded"
#: Stays busy: its body does not come.
HELD = (
    "POST /api/cameras/yard/settings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    f"Authorization: Bearer {TOKEN}\r\nContent-Length: 50\r\n\r\n"
).encode()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PageRig]:
    with page(tmp_path) as made:
        yield made


def log_in_request(body: bytes, length: int | None = None) -> bytes:
    head = f"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
    return f"{head}Content-Length: {length or len(body)}\r\n\r\n".encode() + body


class Slow:
    """Hashes that take until they are let go; counts how many run at a time."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = self.running = self.most = 0
        self._lock = threading.Lock()

    def fits(self, _password: str, _stored: str) -> bool:
        with self._lock:
            self.begun += 1
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(PATIENCE)
        with self._lock:
            self.running -= 1
        return False


def test_who_leaves_while_the_password_is_checked_has_tried_and_frees_no_turn(
    rig: PageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(passwords, "fits", slow.fits)
    form = urlencode({"user": "ann", "password": "not this one"}).encode()
    try:
        leaving = []
        for _ in range(GUESSES):
            sock = socket.create_connection(("127.0.0.1", rig.port))
            sock.sendall(log_in_request(form))
            leaving.append(sock)
        wait_until("a hash runs", lambda: slow.begun)
        wait_until("all are counted", lambda: rig.visitor().log_in().status == 429)
        for sock in leaving:
            sock.close()
        assert rig.visitor().get("/health").status == 200
        assert rig.visitor().log_in(user="ann", password=PASSWORD).status == 429
    finally:
        slow.go.set()
    wait_until("no hash runs", lambda: not slow.running)
    assert slow.most == 1


def test_right_log_ins_do_not_use_up_the_tries(rig: PageRig) -> None:
    for _ in range(GUESSES + 2):
        assert rig.visitor().log_in(token=TOKEN).status == 303
        assert rig.visitor().log_in().status == 401  # an empty form is no try


def test_no_secret_is_taken_from_a_url(rig: PageRig) -> None:
    for more in ({"token": TOKEN}, {"user": "ann", "password": PASSWORD}):
        said = rig.visitor().get("/login?" + urlencode({"once": "", **more}))
        assert said.status == 401
        assert said.headers["Set-Cookie"] is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--x\r\n\r\n"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        (f"{FORM}; charset=bogus", b"a=%ff&token=x"),
        (FORM, b"a=\xff"),
        (FORM, b"a=1&" * 100),
        ("application/json", b"{}"),
        ("", b"token=x"),
    ],
)
def test_a_form_that_is_none_is_a_wrong_try_and_no_fault(
    rig: PageRig, caplog: pytest.LogCaptureFixture, kind: str, body: bytes
) -> None:
    for _ in range(GUESSES):
        said = rig.visitor().ask("POST", "/login", body, Content_Type=kind)
        assert said.status in {400, 401}
    assert rig.visitor().log_in(token=TOKEN).status == 429
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_who_leaves_in_the_midst_of_a_body_leaves_no_traceback(
    rig: PageRig, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(GUESSES):
        with socket.create_connection(("127.0.0.1", rig.port)) as sock:
            sock.sendall(log_in_request(b"token=", length=5000))
    wait_until("all are counted", lambda: rig.visitor().log_in().status == 429)
    assert [record for record in caplog.records if record.exc_info] == []


def test_behind_a_proxy_a_guesser_keeps_nobody_else_out(tmp_path: Path) -> None:
    with page(tmp_path, proxies=("127.0.0.1",)) as rig:
        guesser, friend = rig.visitor(), rig.visitor()
        guesser.headers = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}  # the first is made up
        friend.headers = {"X-Forwarded-For": "203.0.113.7"}
        for n in range(GUESSES):
            assert guesser.log_in(token=f"wrong {n}").status == 401
        guesser.headers = {"X-Forwarded-For": "192.0.2.2, 203.0.113.9"}
        assert guesser.log_in(token=TOKEN).status == 429
        assert friend.get("/api/state", Authorization=f"Bearer {TOKEN}").status == 200
        assert friend.log_in(token=TOKEN).status == 303


def test_who_is_no_proxy_cannot_name_another_caller(rig: PageRig) -> None:
    for n in range(GUESSES):
        visitor = rig.visitor()
        visitor.headers = {"X-Forwarded-For": f"203.0.113.{n}"}
        assert visitor.log_in(token=TOKEN[1:]).status == 401
    assert rig.visitor().log_in(token=TOKEN).status == 429


@pytest.mark.parametrize("options", [{"ingress": True}, {"proxies": ("127.0.0.1",)}])
def test_all_who_come_through_home_assistant_or_a_proxy_do_not_share_one_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.setattr(context, "SUPERVISOR", "127.0.0.1")
    with page(tmp_path, **options) as rig, ExitStack() as stack:
        held = []
        for _ in range(MOST_OF_ONE + 2):
            held.append(stack.enter_context(socket.create_connection(("127.0.0.1", rig.port))))
            held[-1].sendall(HELD)
        assert rig.visitor().get("/health").status == 200


def test_a_page_that_is_busy_is_not_dead_to_its_watchdog(
    rig: PageRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_WITHIN", PATIENCE)
    friend = rig.visitor()
    with ExitStack() as held:

        def is_full() -> bool:
            """One more: those that only seemed idle were closed for others."""
            one = held.enter_context(socket.create_connection(("127.0.0.1", rig.port), PATIENCE))
            one.sendall(HELD)
            return friend.get("/static/page.css").status == 503

        wait_until("all are busy", is_full)
        for _ in range(3):
            assert friend.get("/health").json() == {"ok": True}
            said = friend.get("/static/page.css")
            assert said.status == 503
            assert b"too many connections" in said.body
    wait_until("places are free", lambda: friend.get("/static/page.css").status == 200)
