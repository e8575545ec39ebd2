"""The anchor outside of the store: what an attacker does shows, what the agent does is good."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agent.cli import run_command
from agent.core.messages import StoreAnchored, StoreCode
from agent.core.orders import MarkEvent
from agent.core.store_names import MANIFEST, NOTES
from agent.runtime.framing import Message, Unpacker, pack
from agent.storage.day.anchored import Anchored
from agent.storage.day.manifest import sealed
from agent.storage.records import MonitoringPicture
from agent.storage.store import worker as store_module
from agent.storage.store.anchor_keeper import AnchorKeeper
from agent.storage.store.child import Child
from agent.storage.verify.anchor import against
from agent.storage.verify.report import Report
from agent.storage.verify.store import verify_store
from tests.support.clock import SetClock
from tests.support.recordings import name_of, whole_event
from tests.support.store_rig import NOW, StoreRig
from tests.support.waiting import PATIENCE, wait_until

KEY = b"a key of thirty-two bytes or more"
#: Days before today, with the numbers of their events.
EVENTS = {0: (0, 1), 1: (2, 3), 2: (4, 5, 6)}


def day_name(age: int) -> str:
    return f"{(NOW - timedelta(days=age)).astimezone():%Y-%m-%d}"


def put(rig: StoreRig, age: int, *numbers: int) -> None:
    started = (NOW - timedelta(days=age)).astimezone()
    for number in numbers:
        rig.put(*whole_event(name_of(number * 20), number * 20, started=started))
    rig.put(MonitoringPicture(camera="front", started=started, body=b"picture %d" % age))


def settle(rig: StoreRig) -> None:
    rig.wait_for(StoreCode.OK)
    wait_until("all is sent", lambda: rig.spool.after(rig.worker._sent) is None)


def life(place: Path, **options: Any) -> StoreRig:  # noqa: ANN401
    with StoreRig(place, **options) as rig:
        settle(rig)
    return rig


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("anchor")
    (place / "store").mkdir()
    with StoreRig(place, anchor_key=KEY) as rig:
        for age, numbers in EVENTS.items():
            put(rig, age, *numbers)
        settle(rig)
    said = [m.anchor.wire() for m in rig.said if isinstance(m, StoreAnchored)]
    (place / "published").write_text(json.dumps(said[-1]))
    (place / "key").write_bytes(KEY)
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def verified(place: Path, anchor: str = "state/anchor.json", key: bytes | None = KEY) -> Report:
    return verify_store(place / "store", against(str(place / anchor), key))


def day(place: Path, age: int = 1) -> Path:
    return place / "store/front" / day_name(age)


def chained(entries: list[dict[str, Any]]) -> bytes:
    """A manifest of these lines with right numbers, links and checksums."""
    data, before = b"", None
    for number, entry in enumerate(entries, 1):
        said = {k: v for k, v in entry.items() if k != "crc"}
        line = sealed({**said, "seq": number, "prev": before})
        before = sha256(line).hexdigest()
        data += line + b"\n"
    return data


def entries_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def append(path: Path, entry: dict[str, Any]) -> None:
    path.write_bytes(chained([*entries_of(path), entry]))


# ------------------------------------------------------------------ what an attacker does


def cut_last_line(place: Path) -> list[str]:
    path = day(place) / MANIFEST
    path.write_bytes(chained(entries_of(path)[:-1]))
    return ["1 of 2 lines are gone", name_of(60)]


def cut_first_line(place: Path) -> list[str]:
    path = day(place) / MANIFEST
    path.write_bytes(chained(entries_of(path)[1:]))
    return ["1 of 2 lines are gone"]


def delete_manifest(place: Path) -> list[str]:
    (day(place) / MANIFEST).unlink()
    return ["2 of 2 lines are gone", name_of(60)]


def delete_notes(place: Path) -> list[str]:
    (day(place) / NOTES).unlink()
    return [NOTES, "1 of 1 lines are gone"]


def delete_day(place: Path) -> list[str]:
    shutil.rmtree(day(place))
    return ["the day is gone", "2 events", name_of(60)]


def delete_camera(place: Path) -> list[str]:
    shutil.rmtree(place / "store/front")
    return ["the day is gone", name_of(60)]


def link_day(place: Path) -> list[str]:
    day(place).rename(place / "elsewhere")
    day(place).symlink_to(place / "elsewhere")
    return ["the day is gone", name_of(60)]


def hide_a_clip(place: Path) -> list[str]:
    """The oldest trick: one forged line, and files may be missing."""
    clip = next((day(place) / "events").glob(f"*{name_of(40)}.mp4"))
    clip.unlink()
    append(day(place) / NOTES, {"v": 1, "purged": True, "ts": "2026-11-22T09:00:00.000Z"})
    return [f"events/{clip.name}"]


def hide_by_a_purged_line_only(place: Path) -> list[str]:
    append(day(place) / NOTES, {"v": 1, "purged": True, "ts": "2026-11-22T09:00:00.000Z"})
    return ["1 lines (purged) that the agent did not write"]


def change_a_line(place: Path) -> list[str]:
    path = day(place) / MANIFEST
    first, second = entries_of(path)
    path.write_bytes(chained([{**first, "reason": "disarmed"}, second]))
    return ["are not those that are there", name_of(60)]


def reorder(place: Path) -> list[str]:
    path = day(place) / MANIFEST
    path.write_bytes(chained(entries_of(path)[::-1]))
    return ["are not those that are there"]


def add_an_event(place: Path) -> list[str]:
    path = day(place) / MANIFEST
    append(path, {**entries_of(path)[0], "id": name_of(99), "files": {}, "day": []})
    return [f"1 lines (event {name_of(99)}) that the agent did not write"]


def add_a_day(place: Path) -> list[str]:
    shutil.copytree(day(place), day(place, 3))
    return [day_name(3), "2 lines", name_of(40), "that the agent did not write"]


def put_one_day_in_place_of_another(place: Path) -> list[str]:
    shutil.rmtree(day(place))
    shutil.copytree(day(place, 2), day(place))
    return ["are not those that are there", name_of(60)]


ATTACKS = [
    cut_last_line,
    cut_first_line,
    delete_manifest,
    delete_notes,
    delete_day,
    delete_camera,
    link_day,
    hide_a_clip,
    hide_by_a_purged_line_only,
    change_a_line,
    reorder,
    add_an_event,
    add_a_day,
    put_one_day_in_place_of_another,
]


def test_a_store_as_it_was_left_is_good(place: Path) -> None:
    for anchor in ("state/anchor.json", "published"):
        report = verified(place, anchor)
        assert report.good, list(report.lines())
        assert not report.unproven
        assert "proven: what the anchor of 2026-11-22" in report.proof


@pytest.mark.parametrize("anchor", ["state/anchor.json", "published"])
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_an_attack_shows(place: Path, attack: Callable[[Path], list[str]], anchor: str) -> None:
    words = attack(place)
    report = verified(place, anchor)
    found = report.missing + report.damaged
    wanted = [f"front/{day_name(3 if attack is add_a_day else 1)}", *words]
    assert any(all(word in line for word in wanted) for line in found), list(report.lines())


def test_an_old_copy_that_is_put_back_shows(place: Path) -> None:
    shutil.copytree(place / "store", place / "old")
    with StoreRig(place, anchor_key=KEY) as rig:
        put(rig, 0, 7)
        put(rig, 1, 8)
        settle(rig)
    shutil.rmtree(place / "store")
    (place / "old").rename(place / "store")
    damaged = "\n".join(verified(place).damaged)
    for age, number in ((0, 7), (1, 8)):
        assert f"front/{day_name(age)}/{MANIFEST}: 1 of 3 lines are gone" in damaged
        assert name_of(number * 20) in damaged


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_the_agent_tells_it_once_and_does_not_forget_it(
    place: Path, attack: Callable[[Path], list[str]]
) -> None:
    attack(place)
    with StoreRig(place, anchor_key=KEY) as rig:
        for age in (0, 1):
            put(rig, age, 10 + age)
        assert rig.orders.put(MarkEvent("front", name_of(220), value=True, request="7"))
        settle(rig)
    age = 3 if attack is add_a_day else 1
    told = [each for each in rig.repaired if not each.lossless]
    if attack is not link_day:  # whose records wait, and that is said
        assert any(day_name(age) in each.file for each in told), told
        damaged = [line for line in verified(place).damaged if "found by the agent" in line]
        assert any(f"front/{day_name(age)}: " in line for line in damaged)
        again = life(place, anchor_key=KEY)
        assert not [each for each in again.repaired if not each.lossless]


def test_what_the_agent_does_is_no_attack(place: Path) -> None:
    """Records, keeps, purges by age and by size, ends and begins."""
    with StoreRig(place, anchor_key=KEY) as rig:
        settle(rig)
        assert rig.orders.put(MarkEvent("front", name_of(80), value=True, request="7"))
        wait_until("it is kept", lambda: rig.kept)
        put(rig, 0, 11)
        settle(rig)
    for options in ({"retention_days": 1}, {"max_size": 60_000}, {"retention_days": 1}):
        rig = life(place, anchor_key=KEY, **options)
        assert not rig.repaired
        report = verified(place)
        assert report.good, list(report.lines())
    assert not day(place, 1).exists()
    assert next((day(place, 2) / "events").glob(f"*{name_of(80)}.mp4")).exists()


class NearChild:
    """The child without a process of its own, so that an agent's life costs no second."""

    pid = 0
    dead = False  # the agent was killed: nothing is asked any more

    def __init__(self, module: str, **_options: object) -> None:
        assert module == Child.__module__
        self._ends = socket.socketpair()
        self._child = Child(self._ends[0], SetClock(NOW))
        self._answers: list[dict[str, Any]] = []

    def send(self, says: dict[str, Any], body: bytes = b"") -> None:
        if NearChild.dead:
            raise Killed
        unpacker = Unpacker()
        unpacker.feed(pack(Message(says, body)))
        message = unpacker.next()
        assert message is not None
        self._answers.append(json.loads(json.dumps(self._child._answer(message))))

    def poll(self, _seconds: float) -> dict[str, Any] | None:
        return self._answers.pop() if self._answers else None

    def hang_up(self) -> None:
        for each in self._child._days.values():
            each.abandon()
        for end in self._ends:
            end.close()

    def ended(self) -> bool:
        return True


def ended(rig: StoreRig) -> bool:
    """It was killed, or has done all it was asked for."""
    sent = rig.worker._asked is None and rig.spool.after(rig.worker._sent) is None
    return NearChild.dead or (sent and bool(rig.kept))


class Killed(Exception):
    """The agent ends here."""


def killed_at(number: int, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but the agent is killed when it is called for the so-many-eth time."""
    calls = iter(range(number))

    def counted(*args: object, **kwargs: object) -> object:
        if next(calls, None) is None:
            NearChild.dead = True
        if NearChild.dead:
            raise Killed
        return call(*args, **kwargs)

    return counted


@pytest.mark.parametrize(
    ("owner", "name"), [(NearChild, "send"), (AnchorKeeper, "take"), (AnchorKeeper, "allow")]
)
def test_a_kill_before_or_after_any_write_is_no_attack(
    place: Path, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the store is asked; after it has written, before the anchor has; before a purge."""
    umask = os.umask(0)
    for number in range(40):
        if lived(place, owner, name, number, monkeypatch, retention_days=1):
            break
    else:
        raise AssertionError("it was always killed")
    assert number > (0 if name == "allow" else 5)
    os.umask(umask)
    rig = life(place, anchor_key=KEY)
    assert all(each.lossless for each in rig.repaired)
    assert verified(place).good


def lived(
    place: Path,
    owner: type,
    name: str,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
    age: int = 0,
    **options: Any,  # noqa: ANN401
) -> bool:
    """One life of an agent that is killed at a call; the store is good. False: it was killed."""
    monkeypatch.setattr(store_module, "ChildLink", NearChild)
    monkeypatch.setattr(NearChild, "dead", False)
    whole = getattr(owner, name)
    setattr(owner, name, killed_at(number, whole))
    rig = StoreRig(place, anchor_key=KEY, **options)
    put(rig, age, 20 + number)
    assert rig.orders.put(MarkEvent("front", name_of(80), value=True, request="7"))
    rig._thread.start()
    wait_until("it is killed or done", partial(ended, rig))
    done = not NearChild.dead
    rig._thread.stop.set()
    assert rig._thread.join(PATIENCE)
    setattr(owner, name, whole)
    report = verified(place)
    assert report.good, (number, list(report.lines()))
    assert all(each.lossless for each in rig.repaired), (number, rig.repaired)
    return done


@pytest.mark.parametrize(("owner", "name"), [(NearChild, "send"), (AnchorKeeper, "take")])
def test_a_kill_at_the_first_line_of_a_day_is_no_attack(
    place: Path, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day is not in the anchor yet, only that a line was under way."""
    umask = os.umask(0)
    days = [
        lived(place, owner, name, number, monkeypatch, 3 + number, retention_days=99)
        for number in range(10)
    ]
    assert not all(days)
    os.umask(umask)
    monkeypatch.setattr(NearChild, "dead", False)
    rig = life(place, anchor_key=KEY, retention_days=99)
    assert all(each.lossless for each in rig.repaired)
    assert verified(place).good


def test_a_kept_event_of_a_purged_day_is_missed(place: Path) -> None:
    with StoreRig(place, anchor_key=KEY) as rig:
        settle(rig)
        assert rig.orders.put(MarkEvent("front", name_of(80), value=True, request="7"))
        wait_until("it is kept", lambda: rig.kept)
    life(place, anchor_key=KEY, retention_days=1)
    clip = next((day(place, 2) / "events").glob(f"*{name_of(80)}.mp4"))
    clip.unlink()
    append(day(place, 2) / NOTES, {"v": 1, "keep": name_of(80), "value": False})
    report = verified(place)
    assert report.missing == [f"front/{day_name(2)}/events/{clip.name}"]
    assert any("keep" in line and "did not write" in line for line in report.damaged)


def test_a_store_from_before_the_anchor_is_taken_as_it_is(place: Path) -> None:
    (place / "state/anchor.json").unlink()
    rig = life(place)
    assert not rig.repaired
    report = verified(place, key=None)
    assert report.good, list(report.lines())
    assert "not in it" not in "".join(report.notes)
    delete_day(place)
    assert not verified(place, key=None).good


def test_words_of_an_attacker_cost_no_anchor(place: Path) -> None:
    """What the store says stands in the break; the next start reads it again."""
    entry = {**entries_of(day(place) / MANIFEST)[0], "id": "EVIL\u202e\n\ud800" + "x" * 500}
    append(day(place) / MANIFEST, {**entry, "files": {}, "day": []})
    append(day(place) / NOTES, {"v": 1, "keep": "\u202e\n", "value": True})
    with StoreRig(place, anchor_key=KEY) as rig:
        put(rig, 1, 10)
        settle(rig)
    life(place, anchor_key=KEY)
    assert not (place / "state/anchor.json.damaged").exists()
    damaged = [line for line in verified(place).damaged if "found by the agent" in line]
    assert any("event EVIL" in line for line in damaged), damaged


def test_many_days_are_looked_at_with_a_sign_of_life_before_each(place: Path) -> None:
    """At an upgrade all days of the store are new to the anchor, after a kill a camera's are."""
    signs: list[None] = []
    folder = os.open(place / "store", os.O_RDONLY)
    try:
        upgraded = Anchored(folder, "uuid", {"store": "uuid"}, lambda: signs.append(None))
        upgraded.listed({"front": [day_name(age) for age in EVENTS]})
        assert len(signs) == len(EVENTS)
        said = {"store": "uuid", "writing": {"front": ""}}
        killed = Anchored(folder, "uuid", said, lambda: signs.append(None))
        killed.settle()
        assert len(signs) == 2 * len(EVENTS)
    finally:
        os.close(folder)


def test_another_store_begins_an_anchor_of_its_own(place: Path) -> None:
    (place / "store").rename(place / "first")
    (place / "store").mkdir()
    (place / "state/store.json").unlink()
    life(place, anchor_key=KEY)
    assert verified(place).good
    assert verify_store(place / "first", against(str(place / "state/anchor-former.json"), KEY)).good
    (told,) = verify_store(place / "first", against(str(place / "state/anchor.json"), KEY)).damaged
    assert "the anchor is of store" in told


def test_a_forged_anchor_shows_by_its_signature(place: Path) -> None:
    delete_day(place)
    said = json.loads((place / "published").read_text())
    said["days"] = [each for each in said["days"] if each["day"] != day_name(1)]
    (place / "published").write_text(json.dumps(said))
    assert verified(place, "published", None).good
    report = verified(place, "published")
    assert report.damaged == ["anchor of front: it is not signed with this key"]


def test_as_it_is_typed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", str(place / "store"), "--against", str(place / "published")]
    assert run_command(command) == 0
    out = capsys.readouterr().out
    assert "nobody has checked it without --key" in out
    assert run_command([*command, "--key", str(place / "key")]) == 0
    assert run_command([*command, "--key", str(place / "none")]) == 2
    assert run_command([*command[:2], "--key", str(place / "key")]) == 2
    assert run_command([*command[:-1], str(place)]) == 2
    assert "anchor.json is in the state folder" in capsys.readouterr().err
    delete_day(place)
    assert run_command(command) == 1
    assert run_command(command[:2]) == 0
    assert "not proven: that nobody" in capsys.readouterr().out
