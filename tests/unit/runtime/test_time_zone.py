"""Time zones that are none, and one that changes under a running process."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.runtime.time_zone import ZoneWatch, zone_mistake, zone_note

ZONE = b"TZif2" + bytes(40)


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """Where zones are installed: three of them."""
    folder = tmp_path / "zoneinfo"
    (folder / "Europe").mkdir(parents=True)
    for name in ("Europe/Berlin", "Europe/Paris", "UTC"):
        (folder / name).write_bytes(ZONE)
    (folder / "zone1970.tab").write_text("#\nDE\t+52\tEurope/Berlin\nFR\t+48\tEurope/Paris\tx\n")
    (folder / "leapseconds").write_text("no zone")
    return folder


@pytest.mark.parametrize(
    "given",
    [
        "Europe/Berlin",
        ":Europe/Berlin",
        "UTC",
        "",
        ":",
        "GMT",
        "EST5EDT",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+0330>-3:30",
        "NZST-12:00:00NZDT-13:00:00,M10.1.0,M3.3.0",
        "WART4WARST,J1/0,J365/25",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
    ],
)
def test_what_the_c_library_knows_is_right(zones: Path, given: str) -> None:
    assert zone_mistake({"TZ": given}, zones) is None


def test_a_path_is_right_where_a_zone_lies(zones: Path) -> None:
    assert zone_mistake({"TZ": str(zones / "Europe/Paris")}, Path("/none")) is None
    assert zone_mistake({"TZ": "Europe/Paris", "TZDIR": str(zones)}, Path("/none")) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("Europe/Pari", "did you mean Europe/Paris?"),
        ("europe/berlin", "did you mean Europe/Berlin?"),
        (":Europe/Pari", "TZ=:Europe/Pari: there is no such time zone"),
        ("Europe", "no such"),  # a folder
        ("leapseconds", "no such"),
        ("/etc/passwd", "no such"),
        ("Berlin", "no such"),
        ("CET-1CEST,M3.5.0", "no such"),
        ("+1", "no such"),
        ("UTC+1 ", "no such"),
    ],
)
def test_what_it_would_take_for_utc_in_silence_is_named(
    zones: Path, given: str, words: str
) -> None:
    told = zone_mistake({"TZ": given}, zones)
    assert told is not None
    assert f"TZ={given}" in told
    assert words in told
    assert "UTC is taken" in told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("UTC+2", "TZ=UTC+2 is 2 h behind UTC (west of it); 2 h ahead is TZ=UTC-2"),
        ("GMT+05:30", "5:30 h behind UTC"),
        ("<CEST>2", "2 h ahead is TZ=<CEST>-2"),
    ],
)
def test_a_zone_that_counts_to_the_west_is_said_to(zones: Path, given: str, words: str) -> None:
    assert zone_mistake({"TZ": given}, zones) is None
    assert words in (zone_note({"TZ": given}) or "")


@pytest.mark.parametrize("given", ["UTC-2", "UTC+0", "CET-1CEST", "EST5EDT", "Europe/Berlin", ""])
def test_of_the_zones_that_people_mean_nothing_is_said(given: str) -> None:
    assert zone_note({"TZ": given}) is None


def test_where_no_zones_are_installed_that_is_said(tmp_path: Path) -> None:
    told = zone_mistake({"TZ": "Europe/Berlin"}, tmp_path / "none")
    assert told is not None
    assert "install tzdata" in told
    assert zone_mistake({"TZ": "UTC"}, tmp_path / "none") is None


def test_the_machines_own_zone_is_looked_at_where_none_is_given(
    zones: Path, tmp_path: Path
) -> None:
    localtime = tmp_path / "localtime"
    assert zone_mistake({}, zones, localtime) is None
    assert "no time zone is set" in (zone_note({}, localtime) or "")
    localtime.symlink_to(zones / "Europe/Paris")
    assert zone_mistake({}, zones, localtime) is None
    assert zone_note({}, localtime) is None
    localtime.unlink()
    localtime.symlink_to(zones / "Europe/Pari")
    assert "leads to" in (zone_mistake({}, zones, localtime) or "")
    assert zone_note({}, localtime) is None
    localtime.unlink()
    localtime.write_text("no zone")
    assert "is no time zone" in (zone_mistake({}, zones, localtime) or "")
    localtime.write_bytes(ZONE)
    assert zone_mistake({}, zones, localtime) is None


@pytest.fixture
def told_zone() -> Iterator[None]:
    """Afterwards the zone is what it was."""
    before = os.environ.get("TZ")
    yield
    os.environ.pop("TZ", None)
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("told_zone")
def test_another_zone_is_taken_over_and_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    now = 0.0
    watch = ZoneWatch(lambda: now)
    monkeypatch.setenv("TZ", "EST5")
    with caplog.at_level(logging.INFO):
        watch.look()
        assert caplog.messages == []
        now = 61.0
        for _ in range(2):
            watch.look()
            now += 61.0
    assert caplog.messages == ["time zone: now EST5, was UTC0: days and names follow it"]
    assert time.localtime(0).tm_hour == 19


CHANGED = """
import time
from pathlib import Path
from agent.runtime.time_zone import ZoneWatch
link, zones, now = Path("/etc/localtime"), Path("/usr/share/zoneinfo"), 0.0
for number, name in enumerate(("Europe/Berlin", "Asia/Tokyo")):
    link.unlink(missing_ok=True)
    link.symlink_to(zones / name)
    if number:
        now = 61.0
        watch.look()
    else:
        time.tzset()
        watch = ZoneWatch(lambda: now)
    print(time.localtime(0).tm_hour)
"""


def test_a_link_that_leads_elsewhere_is_read_anew(tmp_path: Path) -> None:
    """In a process whose /etc is a copy."""
    commands = f'cp -a /etc {tmp_path}/etc; mount --bind {tmp_path}/etc /etc; env -u TZ $0 -c "$1"'
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", commands, sys.executable, CHANGED],
        check=False,
        capture_output=True,
        text=True,
    )
    if "unshare" in ran.stderr or not Path("/usr/share/zoneinfo/Asia/Tokyo").exists():
        pytest.skip("this machine does not let us mount, or has no zones")
    assert ran.stdout.split() == ["1", "9"], ran.stderr
