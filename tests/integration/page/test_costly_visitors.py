"""Visitors that take nothing, send too much, or come under another name: security.md, the page."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from agent.page.access import SUPERVISOR
from agent.page.context import MOST_BODY, SEATS
from agent.page.routes import films
from agent.reoffer.visits import GUESSES
from tests.support.page_rig import TOKEN, PageRig, Visitor, page
from tests.support.stored_events import DAY, events, run
from tests.support.waiting import PATIENCE, wait_until

FILM = f"/api/cameras/yard/days/{DAY.name}/films/1"
#: More than all buffers on the way take.
LARGE = 64 << 20


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[PageRig]:
    with page(tmp_path) as made:
        yield made


def all_sit(rig: PageRig, stack: ExitStack) -> Visitor:
    """Takes each place, and no more of the film than its first word; somebody who has logged in."""
    friend = rig.friend()
    assert friend.get(FILM, Range="bytes=0-9").status == 206
    for _ in range(SEATS["films"]):
        sock = stack.enter_context(socket.create_connection(("127.0.0.1", rig.port), PATIENCE))
        head = f"GET {FILM} HTTP/1.1\r\nHost: x\r\nCookie: {friend.cookie}\r\n\r\n"
        sock.sendall(head.encode())
        assert sock.recv(12) == b"HTTP/1.1 200"
    return friend


def test_who_takes_no_byte_of_a_film_loses_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "_STUCK", PATIENCE)
    (tmp_path / "store").mkdir()
    run(tmp_path, *events(0))
    (tmp_path / DAY.parent).rename(tmp_path / "store/yard")
    film = tmp_path / "store/yard" / DAY.name / f"{DAY.name}.mp4"
    with film.open("r+b") as file:
        file.truncate(LARGE)  # a hole
    with page(tmp_path, store=tmp_path / "store") as rig, ExitStack() as stack:
        friend = all_sit(rig, stack)
        said = friend.get(FILM, Range="bytes=0-9")
        assert said.status == 503
        assert str(SEATS["films"]).encode() in said.body
        assert friend.get("/api/state").status == 200
    monkeypatch.setattr(films, "_STUCK", 1.0)
    with page(tmp_path, store=tmp_path / "store") as rig, ExitStack() as stack:
        friend = all_sit(rig, stack)
        wait_until("a place", lambda: friend.get(FILM, Range="bytes=0-9").status == 206)


@pytest.mark.parametrize("path", ["/login", "/api/cameras/yard/settings"])
def test_a_packed_body_counts_as_what_it_unpacks_to(rig: PageRig, path: str) -> None:
    kind = "application/x-www-form-urlencoded" if path == "/login" else "application/json"
    packed = gzip.compress(bytes(64 * MOST_BODY))
    assert len(packed) < MOST_BODY
    before = most_memory()
    said = rig.visitor().ask(
        "POST",
        path,
        packed,
        Content_Type=kind,
        Content_Encoding="gzip",
        Authorization=f"Bearer {TOKEN}",
    )
    assert said.status == 413
    assert most_memory() - before < 32 * MOST_BODY
    assert rig.orders == []


def test_another_name_for_our_address_opens_nothing(rig: PageRig) -> None:
    """A site whose name is made to point here has no cookie of ours, and guesses as slowly."""
    site = rig.visitor()
    site.headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    site.headers |= {"Sec-Fetch-Site": "same-origin"}
    for path in ("/api/state", "/api/cameras/yard/picture", "/api/cameras/yard/days"):
        assert site.get(path).status == 401
    assert site.get("/day").headers["Location"] == "login?to=day"  # never a name that it was given
    for number in range(GUESSES):
        assert site.log_in(token=f"guess {number}").status == 401
    assert site.log_in(token=TOKEN).status == 429


def test_a_cookie_of_another_page_or_of_nobody_is_none(rig: PageRig) -> None:
    name, _, secret = rig.friend().cookie.partition("=")
    for cookie in (f"other={secret}", f"{name}=", f"{name}={secret[:-1]}", f"{name}={secret}x"):
        assert Visitor(rig.port, cookie).get("/api/state").status == 401
    assert Visitor(rig.port, f"a=b; {name}={secret}").get("/api/state").status == 200


def test_no_header_makes_a_stranger_the_supervisor(tmp_path: Path) -> None:
    claims = {
        "X-Forwarded-For": SUPERVISOR,
        "X-Real-IP": SUPERVISOR,
        "Forwarded": f"for={SUPERVISOR}",
        "X-Ingress-Path": "/api/hassio_ingress/abc",
        "X-Hass-Source": "core.ingress",
        "X-Remote-User-Id": "0123",
        "X-Remote-User-Name": "admin",
    }
    with page(tmp_path, ingress=True, proxies=("127.0.0.1",)) as rig:
        stranger = rig.visitor()
        stranger.headers = claims
        assert stranger.get("/api/state").status == 401
        assert stranger.get("/").status == 303
        assert stranger.post("/api/cameras/yard/snapshot").status == 401
        assert rig.orders == []


def test_no_other_site_can_show_our_pictures(rig: PageRig) -> None:
    friend = rig.friend()
    for path in ("/api/cameras/yard/last", "/api/state", "/static/icon.svg", "/nothing"):
        said = friend.get(path)
        assert said.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert said.headers["Access-Control-Allow-Origin"] is None


def most_memory() -> int:
    """Bytes that this process has had at most."""
    status = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) << 10
