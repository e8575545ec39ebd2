"""Leaving no ghosts: what was published before and is no longer there is taken out.

Home Assistant keeps a component that a later payload leaves out, and a device whose topic was
emptied while it did not run. A component goes when it is published with its platform and nothing
else (a tombstone), but only if Home Assistant has met it since its own start. So what has gone is
buried in three steps: published as it was, then as a tombstone, then no more.

Where a device changes from one message to one for each entity, or back, nothing has gone. Its old
messages are emptied before the new ones come. Home Assistant then gives the entities back the names
that people gave them, and their history. This is done once. Home Assistant warns of an old message
that is emptied after the new one has come, once for each entity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.messages import Publish, state

Payload = dict[str, Any]
#: Discovery topic -> payload; of devices that are still there only the vanished components.
Payloads = dict[str, Payload]


def payloads_of(messages: Iterable[Publish]) -> Payloads:
    """What these messages put into Home Assistant; to be kept for the next start."""
    return {message.topic: json.loads(message.payload) for message in messages}


def graves(published: Mapping[str, Payload], current: Sequence[Publish]) -> Payloads:
    """What was published and is not any more; a component of another platform counts as gone."""
    now = payloads_of(current)
    found = {topic: old for topic, old in published.items() if topic not in now}
    for topic, old in published.items():
        vanished = _vanished(_of(old), _of(now[topic])) if topic in now else {}
        if vanished:
            found[topic] = {**old, "cmps": vanished}
    return found


def merged(older: Mapping[str, Payload], newer: Mapping[str, Payload]) -> Payloads:
    """All graves of two versions; where both name a component, as the newer had it."""
    both = {**older, **newer}
    for topic in older.keys() & newer.keys():
        components = {**_of(older[topic]), **_of(newer[topic])}
        both[topic] = {**newer[topic], "cmps": components} if components else newer[topic]
    return both


def burial(dead: Mapping[str, Payload], current: Sequence[Publish]) -> list[list[Publish]]:
    """What to publish instead of `current`, step by step, each a moment after the one before."""
    first, second, third = [], [], []
    for message in current:
        old = dead.get(message.topic)
        if old is None:
            first.append(message)
            continue
        living = json.loads(message.payload)
        stones = {key: {"p": component["p"]} for key, component in old["cmps"].items()}
        first.append(_message(message.topic, living, old["cmps"]))
        second.append(_message(message.topic, living, stones))
        third.append(message)
    here = {message.topic for message in current}
    moved = movers(dead, current)
    gone = {t: old for t, old in dead.items() if t not in here and t not in moved}
    begin = [state(topic, b"") for topic in moved]
    first += [_message(topic, old, {}) for topic, old in gone.items()]
    second += [state(topic, b"") for topic in gone]
    return [step for step in (begin, first, second, third) if step]


def movers(dead: Mapping[str, Payload], current: Sequence[Publish]) -> list[str]:
    """Topics that are no longer used, and whose entities are now in messages on other topics."""
    here = {message.topic for message in current}
    ids = {it for message in current for it in _ids(json.loads(message.payload))}
    return [topic for topic, old in dead.items() if topic not in here and ids & _ids(old)]


def clean(
    published: Mapping[str, Payload], waiting: Mapping[str, Payload], current: Sequence[Publish]
) -> list[list[Publish]]:
    """Removes everything: what has gone is shown once more, then all devices are emptied.

    Home Assistant removes with a device what it knows of it, and warns of a device it does not.

    Args:
        published: what was said last, perhaps by another configuration; empty: nobody knows.
        waiting: what has gone and is not buried yet.
        current: what this configuration would say.
    """
    here = [_message(topic, old, {}) for topic, old in published.items()] or list(current)
    dead = without_movers(graves(waiting, here), here)
    before = burial(dead, here)[:1] if dead else []
    topics = [m.topic for m in reversed(here)]
    topics += [topic for topic in dead if topic not in topics]
    return [*before, [state(topic, b"") for topic in topics]]


def without_movers(dead: Payloads, current: Sequence[Publish]) -> Payloads:
    """What is still to be buried when the messages on old topics have been emptied."""
    moved = movers(dead, current)
    return {topic: old for topic, old in dead.items() if topic not in moved}


def _of(payload: Payload) -> dict[str, Payload]:
    """The components of a device's message; that of a single entity has none."""
    components: dict[str, Payload] = payload.get("cmps", {})
    return components


def _ids(payload: Payload) -> set[str]:
    """What tells the entities in a message from others; a device trigger has no unique id."""
    entities = _of(payload).values() if "cmps" in payload else [payload]
    return {entity.get("uniq_id") or f"{entity['t']} {entity['stype']}" for entity in entities}


def _vanished(old: Mapping[str, Payload], new: Mapping[str, Payload]) -> dict[str, Payload]:
    return {
        key: component
        for key, component in old.items()
        if key not in new or new[key]["p"] != component["p"]
    }


def _message(topic: str, payload: Payload, more: Mapping[str, Payload]) -> Publish:
    content = {**payload, "cmps": {**_of(payload), **more}} if "cmps" in payload else payload
    return state(topic, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
