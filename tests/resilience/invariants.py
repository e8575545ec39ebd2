"""What has to hold after every run. Each is a function: an observation in, complaints out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from tests.resilience.losses import (
    events_without_a_clip,
    missing_frames,
    shortened_clips,
    was_being_taken,
)
from tests.resilience.observation import Interval, Observation, Told
from tests.resilience.visits import event_spans, to_be_seen, unique, visits_of
from tests.support.agent_process import TOPICS, YARD

#: An event may begin with the frame before the one that showed it, and end some quiet ones later.
NEAR = 1.0
#: A process may open a file or start a thread now and then; and hold what it has used once.
MORE_THREADS, MORE_DESCRIPTORS, MORE_MIB = 1, 4, 40.0
#: It is to live with 512 MiB for all its processes.
MOST_MIB = 400.0
#: Of one processor, six frames a second judged and nobody there.
IDLE = 0.35
#: Exit codes of an agent that the laboratory ended so.
EXPECTED = {"SIGTERM": {0}, "SIGKILL": {-9}, "restart": {0}}


def every_visit_is_an_event(seen: Observation) -> Iterator[str]:
    spans = event_spans(seen)
    for visit in to_be_seen(seen):
        if any(span.overlaps(visit, NEAR) for event in spans for span in event):
            continue
        if not (_was_noisy(seen, visit) and _loss_is_published(seen)):
            yield f"nobody told of the visit at {visit.begun:.1f}..{visit.ended:.1f}"


def _was_noisy(seen: Observation, visit: Interval) -> bool:
    return any(f.noisy for f in seen.frames if visit.begun - NEAR <= f.at <= visit.ended)


def _loss_is_published(seen: Observation) -> bool:
    """The camera's health counts what made-up datagrams spoilt."""
    health = json.loads(seen.calm.get(YARD.health, b"{}"))
    counts = ("frames_damaged", "fragments_lost", "datagrams_bad")
    return any(health.get(count) for count in counts)


def every_event_is_a_visit(seen: Observation) -> Iterator[str]:
    visits = [Interval(v[0].at, v[-1].at) for v in visits_of(seen.frames)]
    visits += seen.busy  # a stopped process dates what waited for it when it reads it
    for event in event_spans(seen):
        if not any(span.overlaps(visit, NEAR) for span in event for visit in visits):
            yield f"an event at {[span.begun for span in event]} without anybody there"


def live_and_armed_is_judged(seen: Observation) -> Iterator[str]:
    """A camera that is live and armed is not blind: health never says `not_judged`."""
    for health in seen.healths:
        kept_from_it = any(b.begun <= health.at <= b.ended + NEAR for b in seen.busy)
        if "not_judged" in health.of.get("problems", ()) and not kept_from_it:
            yield f"at {health.at:.1f} live and armed, and no frame is judged"


def only_a_new_command_disarms_it(seen: Observation) -> Iterator[str]:
    """Only a new command disarms it, never an old one."""
    for span in seen.disarmed:
        if not any(at <= span.begun for at in seen.disarmings):
            yield f"disarmed at {span.begun:.1f}, and nobody had told it to"


def home_assistant_has_each_event(seen: Observation) -> Iterator[str]:
    """Events that Home Assistant received while it was there; only in runs with its birth."""
    if not seen.listening:
        return
    heard = home_assistant_has(seen.offered, seen.listening)
    if missing := {told.what["seq"] for told in seen.motion} - set(heard):
        yield f"Home Assistant never had the motion events {sorted(missing)}"


def home_assistant_has(offered: list[Told], listening: list[Interval]) -> list[int]:
    """The numbers of the events that came while it was there."""
    return [t.what["seq"] for t in offered if any(i.begun <= t.at <= i.ended for i in listening)]


def numbers_are_complete(seen: Observation) -> Iterator[str]:
    """Each number reached the subscriber, or `request/events` had it if the broker forgot it."""
    have = [told.what["seq"] for told in unique(seen.motion)]
    if have != list(range(1, len(have) + 1)):
        yield f"motion events with the numbers {have}"
    fetched = [told.what["seq"] for told in seen.motion if told.fetched]
    if fetched and not seen.forgot:
        yield f"the broker forgot nothing, but motion events {fetched} never came"
    recorded = [told.what["seq"] for told in unique(seen.recordings)]
    if recorded != list(range(1, len(recorded) + 1)) and not seen.forgot:
        yield f"recording events with the numbers {recorded}"


def numbers_come_in_order(seen: Observation) -> Iterator[str]:
    """A number comes for the first time only after all smaller numbers."""
    for name, told in (("motion", seen.motion), ("recording", seen.recordings)):
        most = 0
        met = set()
        for each in told:
            seq = each.what["seq"]
            if each.fetched or seq in met:
                continue
            met.add(seq)
            if seq < most:
                yield f"{name} event {seq} came after {most}"
            most = max(most, seq)


def repeated_numbers_say_the_same(seen: Observation) -> Iterator[str]:
    for told in (seen.motion, seen.recordings):
        said: dict[int, str] = {}
        for each in told:
            what = json.dumps({**each.what, "late": None}, sort_keys=True)
            if said.setdefault(each.what["seq"], what) != what:
                yield f"event {each.what['seq']} was told in two ways"


def every_event_ends(seen: Observation) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for told in unique(seen.motion):
        if told.what["event_type"] != "motion_classified":  # may come after the end
            kinds.setdefault(told.what["id"], []).append(told.what["event_type"])
    for event, told_kinds in kinds.items():
        if told_kinds not in (["motion_started", "motion_ended"], ["motion_suppressed"]):
            yield f"event {event} was told as {told_kinds}"


def _ended(seen: Observation) -> list[Told]:
    return [told for told in unique(seen.motion) if told.what["event_type"] == "motion_ended"]


def every_event_has_a_clip_or_a_reason(seen: Observation) -> Iterator[str]:
    stored = {line["id"] for line in seen.store.lines}
    told = {each.what["id"]: each.what["event_type"] for each in unique(seen.recordings)}
    for each in _ended(seen):
        event = each.what["id"]
        if event not in told and not (seen.forgot and event in stored):
            yield f"event {event} ({each.what['reason']}): no word about its recording"
        if told.get(event) == "recording_saved" and event not in stored:
            yield f"event {event} is said to be saved and is not in the manifest"


def every_saved_clip_plays(seen: Observation) -> Iterator[str]:
    lines = {line["id"]: line for line in seen.store.lines}
    for each in unique(seen.recordings):
        what = each.what
        if what["event_type"] != "recording_saved" or what["id"] not in lines:
            continue
        clip, line = seen.store.clips[what["id"]], lines[what["id"]]
        named = (line.get("files") or {}).get("clip") or {}
        if not clip.exists or not what["path"].endswith(clip.path):
            yield f"clip {what['path']} is not there"
        elif (clip.size, clip.sha256) != (named["size"], named["sha256"]):
            yield f"clip {clip.path} is not what the manifest says"
        elif clip.size != what["size_bytes"] or clip.pictures != what["frames"]:
            yield f"clip {clip.path}: {clip.pictures} pictures, {what['frames']} were told"


def every_day_shows_its_events(seen: Observation) -> Iterator[str]:
    wanted: dict[str, int] = {}
    for line in seen.store.lines:
        if line["frames"] and not line.get("day"):
            yield f"event {line['id']} has no place in the day's file"
        if not was_being_taken(seen, line):
            wanted[line["date"]] = wanted.get(line["date"], 0) + line["frames"]
    for day, count in wanted.items():
        shown = seen.store.day_pictures.get(day, 0)
        if shown < count:
            yield f"the films of {day} show {shown} of {count} pictures"


def the_store_verifies(seen: Observation) -> Iterator[str]:
    yield from (f"unreadable: {line}" for line in seen.store.unreadable)
    yield from seen.store.verified
    ids = [line["id"] for line in seen.store.lines]
    if len(ids) != len(set(ids)):
        yield f"the manifest names an event twice: {sorted(i for i in ids if ids.count(i) > 1)}"


def states_are_true(seen: Observation) -> Iterator[str]:
    """All is well: the camera sends, no person is there, nothing is recorded, it is armed."""
    wanted = {
        TOPICS.availability: "online",
        YARD.availability: "online",
        YARD.motion: "OFF",
        YARD.root + "/recording/state": "OFF",
        YARD.setting_state("armed"): "ON",
    }
    yield from _differences(seen.calm, wanted, "when all was well")
    for topic in (TOPICS.health, YARD.health):
        health = json.loads(seen.calm.get(topic, b"{}"))
        if _unforgiven(seen, health.get("problems", [])) or "status" not in health:
            yield f"{topic} says {health.get('status')}: {health.get('problems')}"
        elif health["status"] != "ok" and not health["problems"]:
            yield f"{topic} says {health['status']} and names no problem"
    error = json.loads(seen.calm.get(TOPICS.error, b'{"code": "ok"}'))
    of_another = error.get("message", "").startswith(tuple(f"camera {it}" for it in seen.leaves))
    if _unforgiven(seen, [error["code"]]) and error["code"] not in LASTING and not of_another:
        yield f"{TOPICS.error} says {seen.calm[TOPICS.error]!r}"


def _unforgiven(seen: Observation, problems: list[str]) -> list[str]:
    return [problem for problem in problems if not problem.startswith(seen.leaves or "-")]


#: What the error topic goes on saying, because it is about something that was lost for good.
LASTING = {"ok", "store_repaired", "no_frames", "spool_full", "spool_failed"}


def farewell_is_true(seen: Observation) -> Iterator[str]:
    wanted = dict.fromkeys((TOPICS.availability, YARD.availability), "offline")
    wanted[YARD.motion] = "OFF"
    yield from _differences(seen.gone, wanted, "after the end")


def _differences(said: dict[str, bytes], wanted: dict[str, str], when: str) -> Iterator[str]:
    for topic, value in wanted.items():
        found = said.get(topic, b"").decode()
        if found != value:
            yield f"{topic} is {found!r}, not {value!r}, {when}"


def health_agrees(seen: Observation) -> Iterator[str]:
    """The answer to `request/status` agrees with what the observer knows."""
    if not seen.status:
        yield "no answer to request/status when all was well"
        return
    for part, value in (("storage", "ok"), ("mqtt", "connected")):
        if seen.status[part]["state"] != value:
            yield f"{part} is said to be {seen.status[part]['state']}"
    if problems := _unforgiven(seen, seen.status["problems"]):
        yield f"problems are said: {problems}"


def no_loss_is_silent(seen: Observation) -> Iterator[str]:
    """The agent counts or reports events without a clip, short clips and lost frames."""
    yield from events_without_a_clip(seen)
    yield from shortened_clips(seen)
    yield from missing_frames(seen)


def what_was_taken_is_told(seen: Observation) -> Iterator[str]:
    """Reported before the same process says that a later recording is saved."""
    for taken in seen.taken:
        lives = [life for life in seen.lives if life.span.begun < taken.at < life.span.ended]
        saved = [t for t in seen.recordings if t.what["event_type"] == "recording_saved"]
        later = [t.at for t in saved if any(taken.at + NEAR < t.at < s.span.ended for s in lives)]
        if later and not any(taken.at < at for at in seen.repairs):
            yield f"what was moved away at {taken.at:.1f} was never told"


def no_file_is_astray(seen: Observation) -> Iterator[str]:
    yield from seen.strays


def nothing_grew(seen: Observation) -> Iterator[str]:
    if seen.pair is None:
        return
    before, after = seen.pair
    if after.threads > before.threads + MORE_THREADS:
        yield f"{before.threads} threads became {after.threads}"
    if after.descriptors > before.descriptors + MORE_DESCRIPTORS:
        yield f"{before.descriptors} descriptors became {after.descriptors}"
    if after.children > before.children + 1:
        yield f"{before.children} children became {after.children}"
    if after.rss_mib > before.rss_mib + MORE_MIB:
        yield f"{before.rss_mib:.0f} MiB became {after.rss_mib:.0f}"
    if after.peak_mib > MOST_MIB:
        yield f"there were {after.peak_mib:.0f} MiB for a while"


def it_is_idle_again(seen: Observation) -> Iterator[str]:
    if seen.idle_share > IDLE:
        yield f"{seen.idle_share:.0%} of a processor with nobody there"


def it_ended_only_as_it_was_told(seen: Observation) -> Iterator[str]:
    for life in seen.lives:
        if life.exit_code not in EXPECTED.get(life.ended_by or "", ()):
            yield f"the agent ended with {life.exit_code}; it was told: {life.ended_by}"


def nothing_was_raised(seen: Observation) -> Iterator[str]:
    at = seen.log.find("Traceback")
    if at >= 0:
        yield f"in the log: {seen.log[at : at + 1500]}"


def payloads_fit_their_schemas(seen: Observation) -> Iterator[str]:
    yield from seen.complaints


def commands_are_answered(seen: Observation) -> Iterator[str]:
    yield from (f"no answer to {command}" for command in seen.unanswered)


def it_recovers(seen: Observation) -> Iterator[str]:
    yield from seen.unrecovered


INVARIANTS: tuple[Callable[[Observation], Iterator[str]], ...] = (
    it_recovers,
    every_visit_is_an_event,
    every_event_is_a_visit,
    live_and_armed_is_judged,
    only_a_new_command_disarms_it,
    home_assistant_has_each_event,
    numbers_are_complete,
    numbers_come_in_order,
    repeated_numbers_say_the_same,
    every_event_ends,
    every_event_has_a_clip_or_a_reason,
    every_saved_clip_plays,
    every_day_shows_its_events,
    the_store_verifies,
    states_are_true,
    farewell_is_true,
    health_agrees,
    no_loss_is_silent,
    what_was_taken_is_told,
    no_file_is_astray,
    nothing_grew,
    it_is_idle_again,
    it_ended_only_as_it_was_told,
    nothing_was_raised,
    payloads_fit_their_schemas,
    commands_are_answered,
)


def violations(seen: Observation) -> list[str]:
    """All complaints, each with the name of its invariant."""
    return [
        f"{invariant.__name__}: {complaint}"
        for invariant in INVARIANTS
        for complaint in invariant(seen)
    ]
