"""Any request, seeded: an answer that says what is wrong, never a fault, never an order."""

from __future__ import annotations

import json
import logging
import random
from pathlib import Path

import pytest

from schemas.page_api import ROUTES
from tests.support.page_rig import page

SEED, REQUESTS = 20261122, 250
WORDS = [
    "yard",
    "",
    "..",
    "%2e%2e",
    "a" * 300,
    "2026-11-22",
    "9999-12-31",
    "01M8",
    "clip",
    "1",
    "0",
]
WORDS += ["%00", "%ff", "ä", "-1", "1e9", "{camera}", "days", "..%2f..%2fetc%2fpasswd", "n-2", "+"]
VALUES: list[object] = [
    None,
    True,
    -1,
    1e308,
    "",
    "x" * 2000,
    [],
    {},
    [[0, 0]] * 3,
    {"a": {"b": []}},
]
KEYS = [
    "values",
    "zones",
    "privacy",
    "mask",
    "day",
    "sweep",
    "aim",
    "keep",
    "value",
    "seconds",
    "x",
]
HEADERS = ["Range", "If-None-Match", "Origin", "Authorization", "Accept", "X-Forwarded-For"]


def test_whatever_is_asked_there_is_a_decent_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draw = random.Random(SEED)
    with page(tmp_path, full=True, store=tmp_path / "store") as rig, caplog.at_level(logging.ERROR):
        friend = rig.friend()
        for _ in range(REQUESTS):
            route = draw.choice(ROUTES)
            if route.path in {"/api/live", "/api/logout"} or route.path.endswith("/picture"):
                continue
            parts = [
                draw.choice(["yard", draw.choice(WORDS)]) if part.startswith("{") else part
                for part in route.path.split("/")
            ]
            path = "/".join(parts).encode("ascii", "ignore").decode()
            path += "?at=" + draw.choice(WORDS[:8])
            method = draw.choice([route.method.upper(), "GET", "POST", "DELETE", "PUT", "HEAD"])
            body = {draw.choice(KEYS): draw.choice(VALUES) for _ in range(draw.randrange(3))}
            raw = draw.choice([json.dumps(body).encode(), draw.randbytes(40), b""])
            name, value = draw.choice(HEADERS), draw.choice(["bytes=0-", "x", "*", "bytes=-1"])
            kind = {"Content_Type": "application/json", name.replace("-", "_"): value}
            said = friend.ask(method, path, None if method in {"GET", "HEAD"} else raw, **kind)
            assert said.status < 500 or said.status == 503, (method, path, raw)
        assert friend.get("/api/state").status == 200
    assert [record for record in caplog.records if record.exc_info] == []
