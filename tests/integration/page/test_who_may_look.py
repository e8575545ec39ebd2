"""The threat model of docs/explanation/security.md, the page: each test is a line of its table."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from agent.core.messages import Shown
from agent.page import access
from agent.page.context import SEATS
from agent.page.files import static_files, templates
from agent.page.used_token import NAME
from agent.reoffer.visits import GUESSES
from schemas.page_api import ROUTES
from tests.support.jpegs import jpeg
from tests.support.page_rig import PASSWORD, TOKEN, PageRig, Said, page
from tests.support.waiting import wait_until

DAY = "2026-11-22"
PUBLIC = {"/login", "/health", "/static/{name}"}


def paths() -> list[tuple[str, str]]:
    """Every request of the interface, with something in place of each name."""
    names = {"camera": "yard", "day": DAY, "event": "01M8", "kind": "clip", "part": "1"}
    found = [("get", path) for path in ("/", "/day", "/aim", "/tune", "/api/openapi.json")]
    for route in ROUTES:
        path = route.path
        for name, value in {**names, "trial": "abc"}.items():
            path = path.replace(f"{{{name}}}", value)
        found.append((route.method, path))
    return found


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PageRig]:
    with page(tmp_path) as made:
        yield made


def test_without_logging_in_nothing_is_seen_and_nothing_done(rig: PageRig) -> None:
    for method, path in paths():
        said = rig.visitor().ask(method.upper(), path)
        assert said.status in {401, 303}
        if said.status == 303:
            assert said.headers["Location"] == ("login" if path == "/" else f"login?to={path[1:]}")
        assert b"yard" not in said.body.lower()
        assert rig.orders == []


def test_token_and_password_log_in_and_nothing_else_does(rig: PageRig) -> None:
    assert rig.visitor().log_in(token=TOKEN).status == 303
    assert rig.visitor().log_in(user="ann", password=PASSWORD).status == 303
    for wrong in ({"token": TOKEN[:-1]}, {"user": "bob", "password": PASSWORD}, {"user": "ann"}):
        visitor = rig.visitor()
        assert visitor.log_in(**wrong).status == 401
        assert visitor.cookie == ""


@pytest.mark.parametrize(
    ("wanted", "back"),
    [
        ("day?camera=yard&day=2026-11-22", "./day?camera=yard&day=2026-11-22"),
        ("tune#more", "./tune#more"),
        ("?camera=yard", "./?camera=yard"),
        ("", "./"),
        ("//evil.example/day", "./"),
        ("https://evil.example", "./"),
        ("/day", "./"),
        ("../day", "./"),
        ("day\r\nSet-Cookie: a=b", "./"),
        ('day?"><script>', "./"),
        ("api/state", "./"),
    ],
)
def test_who_logs_in_comes_back_to_the_page_that_was_asked_for(
    rig: PageRig, wanted: str, back: str
) -> None:
    path = f"/login?{urlencode({'to': wanted})}"
    action = re.search(r'action="([^"]*)"', rig.visitor().get(path).body.decode())
    assert action is not None
    form = urlencode({"token": TOKEN}).encode()
    kind = "application/x-www-form-urlencoded"
    sent = rig.visitor().ask("POST", f"/{unescape(action[1])}", form, Content_Type=kind)
    assert sent.headers["Location"] == back
    straight = rig.visitor().ask("POST", path, form, Content_Type=kind)
    assert straight.headers["Location"] == back
    wrong = urlencode({"token": "no"}).encode()
    assert action[0].encode() in rig.visitor().ask("POST", path, wrong, Content_Type=kind).body


def test_a_page_with_its_query_is_kept_on_the_way_to_the_log_in(rig: PageRig) -> None:
    said = rig.visitor().get("/day?camera=yard")
    assert said.headers["Location"] == "login?to=day?camera%3Dyard"
    assert rig.visitor().get("/day?x=//evil").headers["Location"] == "login"


def test_a_camera_without_any_picture_is_no_error(rig: PageRig) -> None:
    friend = rig.visitor()
    friend.log_in(token=TOKEN)
    assert friend.get("/api/cameras/yard/last").status == 204  # browsers log each 404
    assert friend.get("/api/cameras/nobody/last").status == 404


def test_after_many_wrong_tries_even_the_right_one_has_to_wait(rig: PageRig) -> None:
    for n in range(GUESSES):
        assert rig.visitor().log_in(token=f"wrong number {n}").status == 401
    said = rig.visitor().log_in(token=TOKEN)
    assert said.status == 429
    assert int(said.headers["Retry-After"]) > 0
    assert rig.visitor().get("/api/state", Authorization=f"Bearer {TOKEN}").status == 429


def test_a_link_logs_in_once(tmp_path: Path) -> None:
    word = "once-upon-a-time"
    with page(tmp_path, one_time_token=word) as rig:
        first = rig.visitor()
        first.take(first.get(f"/login?once={word}"))
        assert first.get(f"/login?once={word}").status == 303  # again, by who is logged in
        assert first.get("/api/state").status == 200
        assert rig.visitor().get(f"/login?once={word}").status == 401
    with page(tmp_path, one_time_token=word) as rig:  # not after a restart either
        assert rig.visitor().get(f"/login?once={word}").status == 401
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if word.encode() in path.read_bytes()]
    with page(tmp_path, one_time_token="another-" + word) as rig:
        assert rig.visitor().get(f"/login?once=another-{word}").status == 303


def test_a_link_whose_use_cannot_be_noted_logs_nobody_in(tmp_path: Path) -> None:
    word = "once-upon-a-time"
    with page(tmp_path, one_time_token=word) as rig:
        (tmp_path / NAME).mkdir()
        assert rig.visitor().get(f"/login?once={word}").status == 401
        (tmp_path / NAME).rmdir()
        assert rig.visitor().get(f"/login?once={word}").status == 303


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(tmp_path: Path) -> None:
    for https in (False, True):
        with page(tmp_path, https=https) as rig:
            cookie = rig.visitor().log_in(token=TOKEN).headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert ("Secure" in cookie) is https


def test_logging_out_ends_the_session(rig: PageRig) -> None:
    friend = rig.friend()
    assert friend.post("/api/logout").status == 204
    assert friend.get("/api/state").status == 401


def test_what_changes_something_needs_the_pages_own_token(rig: PageRig) -> None:
    friend = rig.friend()
    for wrong in ("", "x", friend.cookie):
        said = friend.post("/api/cameras/yard/snapshot", X_CSRF_Token=wrong)
        assert said.status == 403
        assert friend.ask("DELETE", "/api/cameras/yard/aim", X_CSRF_Token=wrong).status == 403
    assert rig.orders == []


def test_a_form_on_another_site_logs_nobody_in(rig: PageRig) -> None:
    visitor = rig.visitor()
    for headers in (
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ):
        visitor.headers = headers
        assert visitor.log_in(token=TOKEN).status == 403
    visitor.headers = {"Origin": f"http://127.0.0.1:{rig.port}"}
    assert visitor.log_in(token=TOKEN).status == 303


def test_a_script_shows_its_token_with_each_request(rig: PageRig) -> None:
    visitor = rig.visitor()
    assert visitor.get("/api/state", Authorization=f"Bearer {TOKEN}").status == 200
    assert visitor.get("/api/state", Authorization="Bearer nonsense").status == 401
    assert visitor.get(f"/api/state?token={TOKEN}").status == 401  # it would stand in logs


def test_every_answer_forbids_what_is_not_the_pages_own(rig: PageRig) -> None:
    friend = rig.friend()
    answers = [rig.visitor().get("/login"), friend.get("/"), friend.get("/api/state")]
    answers += [friend.get("/nothing"), friend.get("/static/page.css"), friend.post("/api/state")]
    for said in answers:
        policy = said.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert said.headers["Server"] is None


def test_no_template_and_no_script_has_code_inline() -> None:
    environment = templates()
    assert environment.loader is not None
    for name in environment.list_templates():
        source, _, _ = environment.loader.get_source(environment, name)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=|javascript:", source)
        assert "|safe" not in source.replace(" ", "")
    for name, file in static_files().items():
        if name.endswith(".js"):
            code = file.body.decode()
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", code)
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", code), name


def test_names_from_the_configuration_are_text_and_never_markup(rig: PageRig) -> None:
    body = rig.friend().get("/").body.decode()
    assert "Yard &lt;b&gt;" in body
    assert "Yard <b>" not in body


def test_nothing_secret_is_told(tmp_path: Path) -> None:
    secret = "hunter2hunter2"  # noqa: S105  of the test
    config = {
        "source": f"rtsp://admin:{secret}@10.0.0.9/x",
        "record_source": f"rtsp://a:{secret}@h/y",
    }
    with page(tmp_path, config) as rig:
        friend = rig.friend()
        for method, path in paths():
            if method == "get" and path != "/api/live":
                said = friend.get(path)
                for word in (secret, TOKEN, PASSWORD, "10.0.0.9", friend.cookie.partition("=")[2]):
                    assert word.encode() not in said.body, path


NOWHERE = (
    "/static/../server.py",
    "/static/..%2fserver.py",
    "/static/%2e%2e/files.py",
    "/api/cameras/..%2f..%2fetc/days",
    f"/api/cameras/yard/days/{DAY}/events/..%2f..%2fx/files/clip",
    f"/api/cameras/yard/days/{DAY}/events/01M8/files/..%2fevents.jsonl",
    f"/api/cameras/yard/days/{DAY}/films/..%2f1",
    f"/api/cameras/yard/days/{DAY}/films/0",
    "/api/cameras/yard/days/..",
    "/api/cameras/yard/days/2026-11-22%00",
    "/api/cameras/YARD/days",
    "/api/cameras/" + "y" * 3000 + "/days",
)


def test_paths_lead_nowhere(rig: PageRig) -> None:
    friend = rig.friend()
    for path in NOWHERE:
        assert friend.get(path).status == 404, path


def test_only_the_supervisor_of_home_assistant_comes_in_without_logging_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with page(tmp_path, ingress=True) as rig:
        assert rig.visitor().get("/api/state").status == 401
        monkeypatch.setattr(access, "SUPERVISOR", "127.0.0.1")
        panel = rig.visitor()
        said = panel.get("/")
        assert said.status == 200
        assert "frame-ancestors 'self'" in said.headers["Content-Security-Policy"]
        assert (
            panel.post("/api/cameras/yard/snapshot").status == 403
        )  # a page in a frame forges, too
    with page(tmp_path) as rig:
        assert rig.visitor().get("/api/state").status == 401


def test_a_body_is_json_of_the_right_form_and_size(rig: PageRig) -> None:
    friend = rig.friend()
    path = "/api/cameras/yard/settings"
    for body, status in (
        (b"{", 422),
        (b"[]", 422),
        (b'{"values": {"armed": "yes"}}', 422),
        (b'{"values": {"nonsense": 1}}', 422),
        (b'{"values": {"min_changed": 1e999}}', 422),
        (b'{"values": {"min_changed": 500}}', 422),
        (b'{"values": {}, "more": 1}', 422),
        (b'{"values": {"armed": true, "armed": false}}', 422),
        (b"[" * 200_000, 422),
        (b"x" * 2_000_000, 413),
    ):
        assert friend.ask("POST", path, body, Content_Type="application/json").status == status
    form = "application/x-www-form-urlencoded"
    assert friend.ask("POST", path, b"values=1", Content_Type=form).status == 415
    assert rig.orders == []


def test_so_many_watch_at_a_time_and_the_next_is_told(rig: PageRig) -> None:
    friend = rig.friend()
    open_ones = []
    for _ in range(SEATS["live"]):
        sock = socket.create_connection(("127.0.0.1", rig.port))
        sock.sendall(_watching(friend.cookie))
        assert b"200 OK" in sock.recv(4096)
        open_ones.append(sock)
    said = friend.get("/api/live")
    assert said.status == 503
    assert str(SEATS["live"]).encode() in said.body
    for sock in open_ones:
        sock.close()
    wait_until("a seat is free", lambda: _opens(rig, friend.cookie))


def test_a_proxy_is_told_to_pass_the_stream_on_at_once(rig: PageRig) -> None:
    with socket.create_connection(("127.0.0.1", rig.port)) as sock:
        sock.sendall(_watching(rig.friend().cookie))
        assert b"\r\nX-Accel-Buffering: no\r\n" in sock.recv(4096)


def _watching(cookie: str) -> bytes:
    return f"GET /api/live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode()


def _opens(rig: PageRig, cookie: str) -> bool:
    with socket.create_connection(("127.0.0.1", rig.port)) as sock:
        sock.sendall(_watching(cookie))
        return b"200 OK" in sock.recv(4096)


def test_nobody_works_while_nobody_looks(rig: PageRig) -> None:
    assert not rig.view.wanted
    friend = rig.friend()
    friend.get("/")
    friend.get("/api/state")
    assert not rig.view.wanted
    assert friend.get("/api/cameras/yard/picture").status == 204  # nothing came within its patience
    wait_until("nobody looks any more", lambda: not rig.view.wanted)


def test_a_picture_is_handed_on_as_vision_made_it(rig: PageRig) -> None:
    friend, picture, overlay = rig.friend(), jpeg(2000, seed=1), jpeg(900, seed=2)
    rig.view.put(Shown(1.0, picture, overlay))
    assert friend.get("/api/cameras/yard/last").body == picture
    answers: list[Said] = []
    asking = threading.Thread(
        target=lambda: answers.append(friend.get("/api/cameras/yard/picture?overlay=1"))
    )
    asking.start()
    wait_until("somebody looks", lambda: rig.view.wanted)
    rig.view.put(Shown(2.0, picture, overlay))
    asking.join()
    assert answers[0].body == overlay
    assert answers[0].headers["X-Picture"] == "2.000"


def test_odd_requests_are_answered_and_harm_nobody(rig: PageRig) -> None:
    friend = rig.friend()
    for path in (
        "/api/cameras/%ff/days",
        "/" + quote("ä" * 500),
        "/api/cameras/yard/why?at=9999-99-99",
    ):
        assert friend.get(path).status in {404, 422}
    for at in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-11-22T10:00:00", "x"):
        assert friend.get(f"/api/cameras/yard/why?at={quote(at)}").status in {200, 404, 422}
    assert friend.get("/api/state").status == 200
