"""Why there was, or was not, an event at some moment: plain sentences, and figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agent.core.messages import Reason
from agent.core.moments import Moment
from agent.verdicts.block import Block, Verdict
from agent.verdicts.curve import GAP, states_in
from agent.verdicts.state import Stored

#: Seconds before and after a moment in which a stored picture is looked for.
NEAR = 3600.0
#: Who reads the files alone knows nothing that is younger.
_WRITTEN_AFTER = timedelta(minutes=1)
#: Part of a moment that has to be known, else it is said for how long it is.
_WHOLE = 0.9
#: What is said of frames that were not weighed.
_SPECIAL = {
    Reason.TOO_MUCH: "changed too much for a visitor, which is taken for a change of light",
    Reason.LIGHT: "looked like a change of light",
    Reason.RESTLESS: "only showed what had gone on for long and got nowhere",
    Reason.DWELL: "showed motion in a zone where it had not lasted for its dwell yet",
    Reason.DIRECTION: "showed motion in a zone, but not from where it has to come",
    Reason.WARMING_UP: "came when the detector had only begun and had nothing to compare with",
    Reason.DAMAGED: "were damaged, so they were not judged",
    Reason.FROZEN: "repeated the picture before",
}
_UNSUPPRESSED = frozenset({Reason.QUIET, Reason.UNCONFIRMED, Reason.MOTION})


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer for one moment.

    Attributes:
        moment: that was asked for.
        sentences: one thought each.
        event: id of the last event that ran then; None: none did.
        figures: the same for programs; JSON.
    """

    moment: Moment
    sentences: tuple[str, ...]
    event: str | None
    figures: dict[str, Any]

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.sentences)

    def to_data(self) -> dict[str, Any]:
        """JSON of the answer."""
        moment = self.moment
        return {
            "at": moment.at.isoformat().replace("+00:00", "Z"),
            "local": moment.local,
            "offset": moment.offset,
            "sentences": list(self.sentences),
            **self.figures,
        }


def explain(
    blocks: Sequence[Block], moment: Moment, now: datetime, log_begins: float | None
) -> Explained:
    """Explains one moment.

    Args:
        blocks: of the camera, in the order in which they were written; those of `NEAR` before and
            after are looked through for pictures.
        moment: that is asked for.
        now: aware.
        log_begins: of which second since 1970 the log tells first; None: of none.
    """
    if moment.at > now:
        return Explained(moment, ("That moment is still to come.",), None, {"known": False})
    begin, end = moment.begin.timestamp(), min(moment.end, now).timestamp()
    turns = _turns([it for it in blocks if it.end >= begin and it.begin < max(end, begin + 0.01)])
    picture = _nearest(blocks, moment.at.timestamp())
    if not turns:
        return _unknown(moment, now, log_begins, picture)
    look = _Look(turns[-1], begin, end)
    sentences = [*_how_it_was(look), *_frames(look), *_storing(look)]
    sentences += _stored(picture)
    sentences += _clock(turns, look)
    figures = {
        "known": True,
        "judged": len(look.verdicts),
        "reasons": dict(Counter(it.reason for it in look.verdicts)),
        "strongest": None if look.strongest is None else _figures(look.strongest),
        "lost": look.lost,
        "states": [state._asdict() for state in look.states],
        "clock_sure": look.sure,
        "event": look.event,
        "events": list(look.events),
        "nearest": None if picture is None else {"at": _utc(picture.at), "path": picture.path},
    }
    return Explained(moment, tuple(sentences), look.event, figures)


class _Look:
    """What the blocks of one pass of the clock say of the seconds that were asked for."""

    def __init__(self, blocks: Sequence[Block], begin: float, end: float) -> None:
        self.verdicts = [v for it in blocks for v in it.verdicts if begin <= v.at < end]
        spans = [span for it in blocks for span in states_in(it)]
        self._spans = [(a, b, s) for a, b, s in spans if b >= begin and (a < end or a == begin)]
        self.states = tuple(dict.fromkeys(state for _, _, state in self._spans))
        self.lost = sum(it.lost for it in blocks)
        self.sure = all(it.sure for it in blocks)
        self.seconds = max(end - begin, 0.01)
        self.covered = sum(max(0.0, min(b, end) - max(a, begin)) for a, b, _ in self._spans)
        self.events = _different(state.event or "" for state in self.states)
        self.event = self.events[-1] if self.events else None
        weighed = [it for it in self.verdicts if it.reason in _UNSUPPRESSED]
        self.strongest = max(weighed, key=_weight, default=None)

    def all_of(self, what: Iterable[bool]) -> str:
        """Empty: never so; else words for `the whole time` or `a part of that time`."""
        said = list(what)
        if not any(said):
            return ""
        return " the whole time" if all(said) else " for a part of that time"


def _unknown(
    moment: Moment, now: datetime, log_begins: float | None, picture: Stored | None
) -> Explained:
    if log_begins is None:
        words = "Nothing is known yet: the log is empty, and is written twice a minute."
    elif now - moment.at < _WRITTEN_AFTER:
        words = "Nothing is known yet: the log is written twice a minute. Ask again in a minute."
    elif moment.begin.timestamp() < log_begins:
        words = f"Nothing is known: the log of verdicts begins at {_local(log_begins)}."
    else:
        words = (
            "Nothing is known: the agent did not run then, could not write its log,"
            " or the clock was set."
        )
    sentences = (words, *_stored(picture))
    return Explained(moment, sentences, None, {"known": False})


def _how_it_was(look: _Look) -> list[str]:
    said = []
    if len(look.events) > 1:
        said.append(f"There were {len(look.events)} events: {', '.join(look.events)}.")
    elif look.events:
        said.append(f"There was an event: {look.events[0]}.")
    if look.covered < _WHOLE * look.seconds and look.seconds > GAP:
        said.append(f"The agent tells of {look.covered:.0f} of these {look.seconds:.0f} seconds.")
    if when := look.all_of(not state.armed for state in look.states):
        said.append(f"The camera was disarmed{when}: then nothing is judged.")
    for why in _different(state.away for state in look.states):
        when = look.all_of(bool(state.away) for state in look.states)
        said.append(f"The camera gave no pictures{when}: {why}.")
    unjudged = _different(state.unjudged for state in look.states)
    return [*said, *(f"Pictures came and were not judged: {why}." for why in unjudged)]


def _frames(look: _Look) -> list[str]:
    count = len(look.verdicts)
    if not count:
        well = all(s.armed and not s.away and not s.unjudged for s in look.states)
        return ["No frame was judged."] if well else []
    said = [f"{count} frame{'s were' if count > 1 else ' was'} judged."]
    if look.strongest is not None:
        said.append(_why(look.strongest))
    for reason, words in _SPECIAL.items():
        found = [it for it in look.verdicts if it.reason == reason]
        if not found:
            continue
        most = max(it.score for it in found)
        much = f"; up to {most:.3f} % of what is looked at changed" if most else ""
        said.append(f"{len(found)} of the frames {words}{_zones(found)}{much}.")
    others = Counter(it.reason for it in look.verdicts) - Counter(
        it.reason for it in look.verdicts if it.reason in _UNSUPPRESSED or it.reason in _SPECIAL
    )
    said += [f"{n} of the frames: {reason.replace('_', ' ')}." for reason, n in others.items()]
    if look.lost:
        said.append(f"{look.lost} more verdicts were not written down: too many frames came.")
    return said


def _zones(found: Iterable[Verdict]) -> str:
    """Which zones decided, where some did."""
    names = ", ".join(_different(it.rules.zone or "" for it in found))
    return f" ({names})" if names else ""


def _why(found: Verdict) -> str:
    """How far the strongest frame was from its limit."""
    rules, at = found.rules, _local(found.at)[11:]
    least = f"min_changed {rules.min_changed:.3f} %"
    if found.largest is None:
        change = f"{found.score:.3f} % of what is looked at changed at {at}"
        size = found.score
    else:
        change = f"the largest thing that changed, at {at}, was {found.largest:.3f} %"
        size = found.largest
    if found.reason == Reason.MOTION:
        return f"That was motion: {change}, and {least} was in force."
    if found.reason == Reason.UNCONFIRMED:
        return f"It was not confirmed: {change}, above {least}, but in one frame only."
    if not size:
        return f"Nothing changed that could be a visitor; {least} was in force."
    if size <= rules.min_changed:
        part = 100 * size / rules.min_changed
        return f"It was too small: {change}, which is {part:.0f} % of {least}."
    return f"It was no visitor: {change}, above {least}, but not new in its place."


def _storing(look: _Look) -> list[str]:
    said = [
        f"The image store could not be used: {why}."
        for why in _different(state.store for state in look.states)
    ]
    if when := look.all_of(not state.records for state in look.states):
        said.append(f"Recording on motion was off{when}: an event has no clip then.")
    return said


def _stored(picture: Stored | None) -> list[str]:
    if picture is None:
        return []
    what = "monitoring picture" if "/monitoring/" in picture.path else "stored clip"
    return [f"The nearest {what} is of {_local(picture.at)}: {picture.path}."]


def _clock(turns: Sequence[Sequence[Block]], look: _Look) -> list[str]:
    said = []
    if len(turns) > 1:
        times = f"This moment came {len(turns)} times, since the clock was set back."
        said.append(f"{times} The last time is told.")
    if not look.sure:
        said.append("The clock was not synchronised then: the moment may have been another one.")
    return said


def _turns(blocks: Sequence[Block]) -> list[list[Block]]:
    """Blocks in a row as long as the clock goes forward."""
    found: list[list[Block]] = []
    until = float("inf")
    for block in blocks:
        if block.begin < until - 1.0:
            found.append([])
        found[-1].append(block)
        until = block.end
    return found


def _nearest(blocks: Iterable[Block], at: float) -> Stored | None:
    near = [it for block in blocks for it in block.stored if abs(it.at - at) <= NEAR]
    return min(near, key=lambda it: abs(it.at - at), default=None)


def _weight(found: Verdict) -> tuple[bool, float]:
    size = found.score if found.largest is None else found.largest
    return found.motion, size / max(found.rules.min_changed, 1e-6)


def _figures(found: Verdict) -> dict[str, Any]:
    return {
        "at": _utc(found.at),
        "motion": found.motion,
        "reason": found.reason,
        "score": round(found.score, 4),
        "largest_percent": None if found.largest is None else round(found.largest, 4),
        "min_changed": round(found.rules.min_changed, 4),
        "max_changed": round(found.rules.max_changed, 4),
        "pixel_threshold": found.rules.pixel_threshold,
        "profile": found.rules.profile,
        "zone": found.rules.zone,
    }


def _different(words: Iterable[str]) -> list[str]:
    return [it for it in dict.fromkeys(words) if it]


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
