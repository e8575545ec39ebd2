"""Leaving no ghosts: what was published before and is no longer there is taken out.

Home Assistant keeps a component that a later payload leaves out, and a device whose topic was
emptied while it did not run. A component goes when it is published with its platform and nothing
else (a tombstone), but only if Home Assistant has met it since its own start. So what has gone is
buried in three steps: published as it was, then as a tombstone, then no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.messages import Publish, state

Payload = dict[str, Any]
#: Discovery topic -> device payload; of devices that are still there only the vanished components.
Payloads = dict[str, Payload]


def payloads_of(messages: Iterable[Publish]) -> Payloads:
    """What these messages put into Home Assistant; to be kept for the next start."""
    return {message.topic: json.loads(message.payload) for message in messages}


def graves(published: Mapping[str, Payload], current: Sequence[Publish]) -> Payloads:
    """What was published and is not any more; a component of another platform counts as gone."""
    now = payloads_of(current)
    found = {topic: old for topic, old in published.items() if topic not in now}
    for topic, old in published.items():
        vanished = _vanished(old["cmps"], now[topic]["cmps"]) if topic in now else {}
        if vanished:
            found[topic] = {**old, "cmps": vanished}
    return found


def merged(older: Mapping[str, Payload], newer: Mapping[str, Payload]) -> Payloads:
    """All graves of two versions; where both name a component, as the newer had it."""
    both = {**older, **newer}
    for topic in older.keys() & newer.keys():
        components = {**older[topic]["cmps"], **newer[topic]["cmps"]}
        both[topic] = {**newer[topic], "cmps": components}
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
    gone = {topic: old for topic, old in dead.items() if topic not in here}
    first += [_message(topic, old, {}) for topic, old in gone.items()]
    second += [state(topic, b"") for topic in gone]
    return [step for step in (first, second, third) if step]


def clean(dead: Mapping[str, Payload], current: Sequence[Publish]) -> list[list[Publish]]:
    """Removes everything: what has gone is shown once more, then all devices are emptied.

    Home Assistant removes with a device what it knows of it, and warns of a device it does not.
    """
    before = burial(dead, current)[:1] if dead else []
    here = [message.topic for message in current]
    topics = [*reversed(here), *(topic for topic in dead if topic not in here)]
    return [*before, [state(topic, b"") for topic in topics]]


def _vanished(old: Mapping[str, Payload], new: Mapping[str, Payload]) -> dict[str, Payload]:
    return {
        key: component
        for key, component in old.items()
        if key not in new or new[key]["p"] != component["p"]
    }


def _message(topic: str, payload: Payload, more: Mapping[str, Payload]) -> Publish:
    content = {**payload, "cmps": {**payload["cmps"], **more}}
    return state(topic, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
