"""`verify` and what somebody made up: it costs a line, no traceback, no wait, no memory."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import run_command
from agent.core.store_names import CLAIMS, IDENTITY, MANIFEST, NOTES
from agent.storage.day.manifest import LIMIT, LONGEST, sealed
from agent.storage.verify import anchor
from agent.storage.verify.anchor import against
from agent.storage.verify.day_file import MOST_BYTES, check_film
from agent.storage.verify.store import verify_store
from tests.support.recordings import name_of, whole_event
from tests.support.store_rig import StoreRig
from tests.support.waiting import PATIENCE, wait_until

DAY = Path("front/2026-11-22")
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("hostile")
    (place / "store").mkdir()
    with StoreRig(place) as rig:
        rig.put(*whole_event(name_of(0), 0))
        wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)
    return place


@pytest.fixture
def place(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "copy"))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listener(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
        os.close(folder)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


NAMES = [
    IDENTITY,
    CLAIMS,
    f"{CLAIMS}/front",
    "front",
    str(DAY),
    str(DAY / MANIFEST),
    str(DAY / NOTES),
    str(DAY / "2026-11-22.mp4"),
    str(DAY / "events"),
    str(DAY / "events" / f"081501_{name_of(0)}.mp4"),
]


@pytest.mark.parametrize("make", [pipe, listener, loop, endless, folder], ids=lambda m: m.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_of_ours_is_told_and_not_waited_for(
    place: Path, name: str, make: Callable[[Path], None]
) -> None:
    path = place / "store" / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    make(path)
    report = verify_store(place / "store", against(str(place / "state/anchor.json"), None))
    if not (make is folder and name == CLAIMS):  # an empty one may be there
        assert not report.good


LINES = {
    "deep": b'{"id":' + b"[" * 100_000,
    "a list": b"[1,2]",
    "huge number": b'{"id":"A","size":' + b"9" * 5000 + b"}",
    "not UTF-8": b'{"id":"\xff\xfe"}',
    "long": b'{"id":"' + b"A" * (LONGEST + 10) + b'"}',
    "zeros": bytes(5000),
    "nan": b'{"id":"A","files":{},"x":NaN}',
}
ENTRIES: dict[str, dict[str, object]] = {
    "no id": {"id": None, "files": {}},
    "id of a list": {"id": [1], "files": {}},
    "escapes": {"id": "\x1b[2J\u202e", "files": {}},
    "no files": {"id": "A"},
    "files of a list": {"id": "A", "files": [1]},
    "a file of a word": {"id": "A", "files": {"clip": "x"}},
    "no name": {"id": "A", "files": {"clip": {"size": 1, "sha256": "0" * 64}}},
    "a name with NUL": {
        "id": "A",
        "files": {"clip": {"name": "a\0b", "size": 1, "sha256": "0" * 64}},
    },
    "a way out": {
        "id": "A",
        "files": {"clip": {"name": "events/../../x", "size": 1, "sha256": "0" * 64}},
    },
    "a size of text": {
        "id": "A",
        "files": {"clip": {"name": "events/081501_A.mp4", "size": "1", "sha256": "0" * 64}},
    },
    "places of a number": {"id": "A", "files": {}, "day": 7},
    "a place of text": {"id": "A", "files": {}, "day": ["x"]},
    "a place elsewhere": {
        "id": "A",
        "files": {},
        "day": [{"file": "../x.mp4", "position_ms": 0, "length_ms": 1}],
    },
    "a huge time": {
        "id": "A",
        "files": {},
        "day": [{"file": "2026-11-22.mp4", "position_ms": 10**400, "length_ms": 1}],
    },
}


def raw(line: bytes) -> bytes:
    return line + b"\n"


@pytest.mark.parametrize("name", [MANIFEST, NOTES])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_that_nobody_wrote_is_told(place: Path, line: bytes, name: str) -> None:
    path = place / "store" / DAY / name
    path.write_bytes(raw(line) + (path.read_bytes() if path.exists() else b"") + raw(line))
    assert any(f"{DAY / name}: line " in each for each in verify_store(place / "store").damaged)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_a_sealed_line_of_another_shape_is_told(place: Path, entry: dict[str, object]) -> None:
    line = sealed({**entry, "seq": 1, "prev": None})
    (place / "store" / DAY / MANIFEST).write_bytes(raw(line))
    picture = sealed({"picture": entry.get("files"), "seq": 1, "prev": None})
    (place / "store" / DAY / NOTES).write_bytes(raw(picture))
    report = verify_store(place / "store")
    for name in (MANIFEST, NOTES):
        assert any(line.startswith(f"{DAY / name}: ") for line in report.damaged)
    assert all(line.isprintable() for line in report.lines())


#: Runs `verify` where only so much memory is to be had, and says how it ended.
_BOUNDED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))
from agent.cli import run_command
sys.exit(run_command(["verify", sys.argv[1]]))
"""


@pytest.mark.parametrize("name", [MANIFEST, "2026-11-22.mp4", "2026-11-22-2.mkv"])
def test_an_endless_file_costs_no_memory_and_no_time(place: Path, name: str) -> None:
    path = place / "store" / DAY / name
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: a terabyte without a line end
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(place / "store")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "is larger than any that is written" in done.stdout
    assert MOST_BYTES < 1 << 40 > LIMIT


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_a_film_that_was_made_to_take_long_is_given_up(name: str) -> None:
    """Each byte begins what may be a fragment: looking at each from each would never end.

    What is read grows with the size, not with its square.
    """
    reads = 0
    word = b"moof" if name.endswith("mp4") else b"\x1f\x43\xb6\x75"

    def read(size: int, at: int) -> bytes:
        nonlocal reads
        reads += 1
        return (word * (size // 4 + 2))[at % 4 :][:size]

    found = check_film(name, read, 1 << 24)
    assert found.damaged
    few, reads = reads, 0
    check_film(name, read, 1 << 26)
    assert reads < 4 * few < 1_500_000


def test_a_folder_of_very_many_names_is_told_and_bounded(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.storage.verify.folder.MOST_NAMES", 50)
    for number in range(100):
        (place / "store" / DAY / "events" / f"{number:06}_A.jpg").write_bytes(b"")
    assert any("more than 50 names" in line for line in verify_store(place / "store").damaged)


ANCHORS = {
    "nothing": b"",
    "no JSON": b"\xff\xfe\x00",
    "deep": b"[" * 300_000,
    "many": b"[" * 500_000,
    "a number": b"7",
    "nan": b'{"v":1,"cameras":[NaN]}',
    "another version": b'{"v":2,"cameras":[]}',
    "none": b'{"v":1,"cameras":[]}',
    "no anchor": b'{"v":1,"cameras":[{"v":1}]}',
}


@pytest.mark.parametrize("content", ANCHORS.values(), ids=ANCHORS)
def test_what_is_no_anchor_is_refused(
    place: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "anchor").write_bytes(content)
    assert run_command(["verify", str(place / "store"), "--against", str(place / "anchor")]) == 2
    assert f"--against {place / 'anchor'}: " in capsys.readouterr().err


def test_an_anchor_that_says_two_things_is_refused_with_the_key(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (place / "state/anchor.json").read_text()
    (place / "anchor").write_text(whole.replace("{", '{"cameras":[],', 1))
    assert run_command(["verify", str(place / "store"), "--against", str(place / "anchor")]) == 2
    assert 'the key "cameras" is given twice' in capsys.readouterr().err


def test_an_anchor_of_a_device_or_a_silent_pipe_ends(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(anchor, "_SILENCE", 0.2)
    assert run_command(["verify", str(place / "store"), "--against", "/dev/zero"]) == 2
    assert "longer than any anchor" in capsys.readouterr().err
    reader, writer = os.pipe()
    silent = f"/proc/self/fd/{reader}"
    assert run_command(["verify", str(place / "store"), "--against", silent]) == 2
    assert "nothing came" in capsys.readouterr().err
    os.close(reader)
    os.close(writer)


def test_anchors_may_come_as_a_line_for_each_camera(place: Path) -> None:
    said = json.loads((place / "state/anchor.json").read_text())["cameras"]
    other = {**said[0], "camera": "yard", "days": []}
    (place / "lines").write_text("\n".join(map(json.dumps, [*said, other])) + "\n")
    report = verify_store(place / "store", against(str(place / "lines"), None))
    assert report.good, list(report.lines())
