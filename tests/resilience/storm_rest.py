"""After a storm: all is put to rest, and each function asks whether one thing is as it should be.

Each yields complaints. They are asked in order, and each may use what the ones before waited for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import av

from schemas.topics import CameraTopics
from tests.resilience.camera import PERIOD
from tests.resilience.storm import Storm
from tests.resilience.storm_page import GOOD, REFUSED, PageOrder
from tests.resilience.storm_plan import CAMERAS, SETTINGS, Act
from tests.support.agent_mqtt import Ear
from tests.support.agent_process import TOPICS
from tests.support.waiting import wait_until

#: Seconds until all is well again: the UDP camera rests 15 s after a failed opening.
WITHIN = 75.0
#: Seconds for what is under way already.
SOON = 30.0
MORE_THREADS, MORE_DESCRIPTORS = 2, 6
OK = 200
#: The RTSP camera shows a ball on black.
DARK = {"picture_dark", "lane_picture_dark"}


def last(ear: Ear, topic: str) -> bytes:
    """What was said there last."""
    heard = ear.payloads(topic)
    return heard[-1] if heard else b""


def _json(ear: Ear, topic: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(last(ear, topic) or b"{}")
    return said


def _becomes(what: str, condition: Callable[[], object], seconds: float = WITHIN) -> Iterator[str]:
    try:
        wait_until(what, condition, seconds, every=0.05)
    except AssertionError:
        yield f"never: {what}"


def _is_live(ear: Ear, camera: CameraTopics) -> bool:
    return _json(ear, camera.health).get("state") == "live"


def _topics() -> list[CameraTopics]:
    return [TOPICS.camera(name) for name in CAMERAS]


def commands_are_answered_once(storm: Storm) -> Iterator[str]:
    """Each command that somebody listened to has one answer; the others one or none."""

    def missing() -> list[int]:
        return [
            s.number for s in storm.sent if storm.listened(s.at) and not storm.answered(s.number)
        ]

    for _ in _becomes("every answer", lambda: not missing(), SOON):
        break
    for sent in storm.sent:
        count = len(storm.answered(sent.number))
        if count > 1 or (count == 0 and storm.listened(sent.at)):
            yield f"{count} answers to {sent.act}"


def commanded(storm: Storm) -> dict[str, dict[str, str]]:
    """Of each camera what was set last, over MQTT or on the page, and is known for sure."""
    wanted: dict[str, dict[str, str]] = {name: {} for name in CAMERAS}
    ordered = [order for order in storm.page.orders if order.order[1] == "settings"]
    for sent in [*storm.sent, None]:
        while ordered and (sent is None or ordered[0].number <= sent.number):
            order = ordered.pop(0)
            known = order.sure and order.status == OK
            values = order.order[2]["values"] if known or order.status is None else {}
            if not order.sure:
                values = order.order[2]["values"]
            if order.at >= storm.removed.get(order.camera, 0.0):
                for name, value in values.items():
                    _keep(wanted[order.camera], name, text_of(value) if known else None)
        if sent is None:
            break
        answers = storm.answered(sent.number)
        for camera, name, value in _sets(sent.act):
            if sent.at < storm.removed.get(camera, 0.0):
                continue
            if not answers:
                _keep(wanted[camera], name, None)
            elif answers[0]["ok"]:
                _keep(wanted[camera], name, value)
    return wanted


def _keep(wanted: dict[str, str], name: str, value: str | None) -> None:
    """What is set now; None: nobody knows."""
    if value is None:
        wanted.pop(name, None)
    else:
        wanted[name] = value


def text_of(value: object) -> str:
    """A value as its state says it; empty: back to the configuration."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return "" if value is None else str(value)


def _sets(act: Act) -> Iterator[tuple[str, str, str]]:
    """Camera, setting and value of a command; empty: back to the configuration."""
    if act.what == "setCameraSetting":
        name, _, value = act.value.partition(" ")
        yield act.camera, name, "" if value == "reset" else value
    elif act.what == "resetSettings":
        yield from ((act.camera, name, "") for name in SETTINGS if name != "privacy")
    elif act.what == "requestArm":
        yield act.camera, "armed", "ON" if json.loads(act.value)["value"] else "OFF"
    elif act.what == "requestSettings":
        values = json.loads(act.value)["values"]
        yield from ((act.camera, name, value or "") for name, value in values.items())


def settings_are_what_was_commanded(storm: Storm) -> Iterator[str]:
    """Their states are what was set last."""
    wanted = commanded(storm)

    def wrong() -> list[str]:
        return [
            f"{camera}/{name} is {last(storm.ear, topic)!r}, and {value} was commanded"
            for camera, values in wanted.items()
            for name, value in values.items()
            if value
            and last(storm.ear, topic := TOPICS.camera(camera).setting_state(name))
            != value.encode()
        ]

    for _ in _becomes("what was commanded", lambda: not wrong(), SOON):
        yield from wrong()


def the_page_answers(storm: Storm) -> Iterator[str]:
    """Each order has an answer: done, or refused for a reason that HTTP has a word for."""
    for order in storm.page.orders:
        if order.status is None and storm.listened(order.at):
            yield f"no answer: {order}"
        elif order.status is not None and order.status not in GOOD | REFUSED:
            yield f"{order}"


def aims_are_what_was_drawn(storm: Storm) -> Iterator[str]:
    """What the page drew last is in force; then each camera goes back to its configuration."""
    for camera in CAMERAS:
        drawn = [it for it in storm.page.orders if it.camera == camera and _is_aim(it)]
        shown = storm.page.order(camera, ("GET", "aim", None))
        if shown.status != OK:
            yield f"{shown}"
            continue
        done = [it for it in drawn if it.status == OK]
        since = max((it.at for it in drawn if it.status is None), default=0.0)
        if done and done[-1].at > max(storm.removed.get(camera, 0.0), since):
            body = done[-1].order[2] or {}
            origin = "file" if done[-1].order[0] == "DELETE" else "page"
            zones = sorted(shown.said["aim"]["zones"])
            if (shown.said["origin"], zones) != (origin, sorted(body.get("zones", {}))):
                yield f"{camera}: {shown.said['origin']} {zones}, after {done[-1]}"
        yield from _becomes(f"{camera}: the configuration's aim", partial(_undrawn, storm, camera))


def _undrawn(storm: Storm, camera: str) -> bool:
    return storm.page.order(camera, ("DELETE", "aim", None)).status == OK


def _is_aim(order: PageOrder) -> bool:
    method, path, _ = order.order
    return path == "aim" and method != "GET"


def _settings(storm: Storm) -> dict[str, bytes]:
    topics = [camera.setting_state(name) for camera in _topics() for name in SETTINGS]
    return {topic: last(storm.ear, topic) for topic in topics}


def settings_outlive_a_restart(storm: Storm) -> Iterator[str]:
    """Another process says the same."""
    before = _settings(storm)
    storm.act(Act(0.0, "stop", "", "term"))
    yield from _becomes("states after a restart", lambda: storm.ear.of(TOPICS.self_test))
    marker = storm.command(Act(0.0, "requestStatus", "", "{}"))
    yield from _becomes("status after a restart", lambda: storm.answered(marker))
    for topic, value in _settings(storm).items():
        if value != before[topic]:
            yield f"{topic} was {before[topic]!r}, and is {value!r} after a restart"


def put_to_rest(storm: Storm) -> Iterator[str]:
    """By commands, in the process that had the storm."""
    rest = {
        "privacy": "OFF",
        "armed": "ON",
        "record_on_motion": "ON",
        "publish_scores": "OFF",
        "sensitivity": "reset",
        "post_frames": "3",
        "clear_delay": "0",
        "max_event_seconds": "reset",
        "monitoring_interval": "reset",
    }
    numbers = []
    yield from _becomes(
        "all cameras are known",
        lambda: set(_json(storm.ear, TOPICS.info).get("cameras", ())) == set(CAMERAS),
    )
    for camera in CAMERAS:
        for name, value in rest.items():
            act = Act(0.0, "setCameraSetting", camera, f"{name} {value}")
            numbers.append(storm.command(act))
        numbers.append(storm.command(Act(0.0, "showLive", camera, "OFF")))
        numbers.append(storm.command(Act(0.0, "snoozeCamera", camera, "0")))
    numbers.append(storm.command(Act(0.0, "snoozeAll", "", "0")))
    yield from _becomes("answers to rest", lambda: all(storm.answered(n) for n in numbers))
    for number in numbers:
        answers = storm.answered(number)
        if answers and not answers[0]["ok"]:
            yield f"refused: {storm.sent[number].act}: {answers[0]['error']}"


def _becomes_said(ear: Ear, topic: str, value: str, seconds: float = WITHIN) -> Iterator[str]:
    """A complaint where a state never becomes this."""
    for _ in _becomes(topic, lambda: last(ear, topic) == value.encode(), seconds):
        yield f"{topic} is {last(ear, topic)!r}, not {value}"


def cameras_are_live(storm: Storm) -> Iterator[str]:
    """Online, live, nothing is wrong."""
    for camera in _topics():
        yield from _becomes_said(storm.ear, camera.availability, "online")
        yield from _becomes(f"{camera.root} live", partial(_is_live, storm.ear, camera))


def _is_well(ear: Ear, topic: str) -> bool:
    problems = _json(ear, topic).get("problems")
    return problems is not None and set(problems) <= DARK


def no_problem_is_said(storm: Storm) -> Iterator[str]:
    """Neither by the agent nor by a camera."""
    ear = storm.ear
    for topic in (TOPICS.health, *(camera.health for camera in _topics())):
        for _ in _becomes("well", partial(_is_well, ear, topic)):
            yield f"{topic}: {_json(ear, topic).get('problems')} {_json(ear, topic).get('reasons')}"


def nothing_is_stuck(storm: Storm) -> Iterator[str]:
    """Motion, recording, live view are off, and no self test runs."""
    ear = storm.ear
    for camera in _topics():
        for topic in (camera.motion, camera.recording, camera.live_view):
            yield from _becomes_said(ear, topic, "OFF")
    yield from _becomes(
        "no self test runs", lambda: _json(ear, TOPICS.self_test).get("result") != "running"
    )


def _told(ear: Ear, topic: str, kind: str, after: int = 0, event: str = "") -> list[dict[str, Any]]:
    """Events of a kind that came after so many others; `event`: of that one only."""
    told = [json.loads(heard.payload) for heard in ear.of(topic)[after:]]
    return [it for it in told if it["event_type"] == kind and event in {"", it["id"]}]


def who_walks_is_seen_and_recorded(storm: Storm) -> Iterator[str]:
    """An event of each camera begins, ends, and its clip plays."""
    ear = storm.ear
    before = {camera.root: len(ear.of(camera.event_motion)) for camera in _topics()}
    for name in CAMERAS:
        storm.act(Act(0.0, "walk", name, "true"))
    seen = {}
    for camera in _topics():
        started = partial(_told, ear, camera.event_motion, "motion_started", before[camera.root])
        yield from _becomes(f"{camera.root}: who walks is seen", started)
        seen[camera.root] = [event["id"] for event in started()][:1]
    for name in CAMERAS:
        storm.act(Act(0.0, "walk", name, "false"))
    for camera in _topics():
        for event in seen[camera.root]:
            yield from _ends_and_plays(storm, camera, event)
        yield from _becomes_said(ear, camera.motion, "OFF")
        yield from _becomes_said(ear, camera.recording, "OFF")


def _ends_and_plays(storm: Storm, camera: CameraTopics, event: str) -> Iterator[str]:
    ended = partial(_told, storm.ear, camera.event_motion, "motion_ended", event=event)
    yield from _becomes(f"{camera.root}: event {event} ends", ended)
    yield from _is_saved(storm, camera, event)


def _is_saved(storm: Storm, camera: CameraTopics, event: str) -> Iterator[str]:
    saved = partial(_told, storm.ear, camera.event_recording, "recording_saved", event=event)
    yield from _becomes(f"{camera.root}: clip {event} is saved", saved)
    for said in saved()[:1]:
        yield from (f"{said['path']}: {why}" for why in _plays(storm, said))


def _plays(storm: Storm, said: dict[str, Any]) -> Iterator[str]:
    path = Path(said["path"])
    path = path if path.is_absolute() else storm.house.store / path
    if not path.is_file():
        yield "is not there"
        return
    with av.open(str(path)) as film:
        count = sum(1 for _ in film.decode(video=0))
    if count != said["frames"]:
        yield f"shows {count} pictures, {said['frames']} were told"


def what_is_asked_for_comes(storm: Storm) -> Iterator[str]:
    """A picture and a clip of each camera."""
    storm.rest(PERIOD)  # whoever walked has left
    for what, value in (("takeSnapshot", "PRESS"), ("recordClip", '{"seconds": 1}')):
        for name in CAMERAS:
            yield from _comes(storm, Act(0.0, what, name, value))


def _comes(storm: Storm, act: Act, *, again: bool = True) -> Iterator[str]:
    """What one asks for; once more where an event's own clip was in the way."""
    topics = TOPICS.camera(act.camera)
    before = len(storm.ear.of(topics.recording))
    number = storm.command(act)
    yield from _becomes(f"an answer to {act.what}", partial(storm.answered, number))
    for answer in storm.answered(number):
        event = len(storm.ear.of(topics.recording)) > before
        if not answer["ok"] and answer["error"]["code"] == "busy" and event and again:
            yield from _becomes_said(storm.ear, topics.recording, "OFF")
            yield from _comes(storm, act, again=False)
        elif not answer["ok"]:
            yield f"{act}: {answer['error']}"
        elif act.what == "recordClip":
            yield from _is_saved(storm, topics, answer["data"]["id"])


def the_self_test_passes(storm: Storm) -> Iterator[str]:
    """Of one camera."""
    before = len(storm.ear.of(TOPICS.self_test))
    number = storm.command(Act(0.0, "requestSelf_test", "", "{}"))
    yield from _becomes("an answer to the self test", lambda: storm.answered(number))
    if any("at most one" in str(answer.get("error")) for answer in storm.answered(number)):
        return  # the storm had one a moment ago

    def ended() -> list[dict[str, Any]]:
        told = [json.loads(payload) for payload in storm.ear.payloads(TOPICS.self_test)[before:]]
        return [it for it in told if it["result"] != "running"]

    yield from _becomes("a self test ends", ended, 120)
    yield from (f"the self test: {it}" for it in ended()[:1] if it["result"] != "passed")


def every_event_has_one_end(storm: Storm) -> Iterator[str]:
    """By the numbers of the events, which a journal sends again when in doubt."""
    for camera in _topics():
        told = {}
        for payload in storm.ear.payloads(camera.event_motion):
            event = json.loads(payload)
            told[event["seq"]] = event
        numbers = sorted(told)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{camera.root}: motion events {numbers}"
        kinds: dict[str, list[str]] = {}
        for number in numbers:
            event = told[number]
            if event["event_type"] in {"motion_started", "motion_ended"}:
                kinds.setdefault(event["id"], []).append(event["event_type"])
        for event, said in kinds.items():
            if said != ["motion_started", "motion_ended"]:
                yield f"{camera.root}: event {event} was told as {said}"


def only_what_is_configured_is_retained(storm: Storm) -> Iterator[str]:
    """Somebody who comes new sees topics of these cameras only."""
    with Ear(storm.broker.port, "#") as ear:
        ear.say("marker", "all that is retained has come before this")
        ear.wait_for("marker")
        kept = {heard.topic for heard in ear.heard if heard.retain and heard.payload}
    for topic in sorted(kept):
        if topic.startswith("homeassistant/device/"):
            good = any(f"__{name}/" in topic for name in CAMERAS) or topic.endswith(
                "surveillance__pi/config"
            )
        else:
            words = topic.split("/")
            good = len(words) < 4 or words[2] in {*CAMERAS, "beep_enabled", "snooze"}
        if not good:
            yield f"{topic} is retained"


def nothing_waits(storm: Storm) -> Iterator[str]:
    """Neither in the journal nor in the spool."""

    def status() -> dict[str, Any]:
        number = storm.command(Act(0.0, "requestStatus", "", "{}"))
        wait_until("status", lambda: storm.answered(number))
        data: dict[str, Any] = storm.answered(number)[0]["data"]
        return data

    for _ in _becomes("nothing waits", lambda: _waiting(status()) == (0, 0), SOON):
        yield f"journal, spool: {_waiting(status())}"
    said = status()
    if said["restarts"] and any(said["restarts"].values()):
        yield f"restarted: {said['restarts']}"
    boxes = {n: b["dropped"] for n, b in said["mailboxes"].items() if not n.endswith(".frames")}
    if any(boxes.values()):  # frames wait for the newest on a busy machine
        yield f"dropped: {boxes}"


def _waiting(said: dict[str, Any]) -> tuple[int, int]:
    return said["mqtt"]["journal_waiting"], said["storage"]["spool_records"]


def nothing_was_raised(storm: Storm) -> Iterator[str]:
    """No traceback, no critical line."""
    log = storm.agent.log
    for word in ("Traceback", " CRITICAL "):
        if (at := log.find(word)) >= 0:
            yield f"in the log: {log[max(0, at - 300) : at + 1500]}"
    yield from storm.ear.complaints


Ask = Callable[[Storm], Iterator[str]]
REST: tuple[Ask, ...] = (
    commands_are_answered_once,
    settings_are_what_was_commanded,
    the_page_answers,
    aims_are_what_was_drawn,
    put_to_rest,
    cameras_are_live,
    nothing_is_stuck,
    who_walks_is_seen_and_recorded,
    what_is_asked_for_comes,
    the_self_test_passes,
    nothing_is_stuck,
    no_problem_is_said,
    every_event_has_one_end,
    only_what_is_configured_is_retained,
    nothing_waits,
    nothing_was_raised,
)


def run(folder: Path, seed: int, acts: list[Act], asked: Sequence[Ask] = REST) -> list[str]:
    """Complaints after these acts; `seed` is that of the scenes, and of who walks meanwhile."""
    with Storm(folder, seed) as storm:
        for camera in _topics():
            wait_until(f"{camera.root} live", partial(_is_live, storm.ear, camera))
        before = storm.threads(), storm.descriptors()
        for name in CAMERAS[: seed % 4]:
            storm.act(Act(0.0, "walk", name, "true"))
        for act in acts:
            storm.act(act)
        storm.calm()
        found = [f"{ask.__name__}: {complaint}" for ask in asked for complaint in ask(storm)]
        after = storm.threads(), storm.descriptors()
        return [*found, *ended_well(before, after, storm.agent.stop())]


def ended_well(before: tuple[int, int], after: tuple[int, int], code: int | None) -> Iterator[str]:
    """The process has as many threads and descriptors as before the storm, and ends with 0."""
    if after[0] > before[0] + MORE_THREADS or after[1] > before[1] + MORE_DESCRIPTORS:
        yield f"nothing_grew: {before} threads and descriptors: {after}"
    if code != 0:
        yield f"it_ends: the agent ended with {code}"


def asked_of(seed: int) -> list[Ask]:
    """What is asked after the storm of this seed: what takes long is asked now and then."""
    asked = list(REST)
    if seed % 4:
        asked.remove(the_self_test_passes)
    if seed % 3 == 0:
        asked.insert(2, settings_outlive_a_restart)
    return asked
