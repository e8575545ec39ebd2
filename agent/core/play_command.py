"""Sounds that somebody asks for with `play`: who may, and what became of them. Pure."""

from __future__ import annotations

from dataclasses import replace

from agent.core.effects import Effect, Say
from agent.core.messages import BeepDone
from agent.core.orders import Play, StopPlay
from agent.core.owner_answers import SoundDone
from agent.core.responses import fail, finish, remember
from agent.core.state import AgentNow, Now
from schemas.commands import CommandError, PlaySound, PlayWav, ReplyTo, Silence

#: Seconds between two sounds: a stuck automation must not keep the house busy.
PLAY_EVERY = 1.0
#: Seconds until a sound is over, at the latest: the download, a new sound process, 30 s of sound.
DONE_WITHIN = 75.0

Step = tuple[AgentNow, list[Effect]]


def obey(
    now_state: AgentNow, command: PlaySound | PlayWav | Silence, reply: ReplyTo, now: Now
) -> Step:
    """Asks the speaker; the answer comes when the sound is over, or at the refusal."""
    if isinstance(command, Silence):
        now_state, token = remember(now_state, reply, now, "audio_failed")
        if token is None:
            return fail(now_state, reply, "busy", "too many commands are waiting", now)
        return now_state, [StopPlay(token)]
    if now.at - now_state.play_at < PLAY_EVERY:
        words = f"at most one sound every {PLAY_EVERY:g} s"
        return fail(now_state, reply, "rate_limited", words, now)
    now_state, token = remember(now_state, reply, now, "audio_failed", DONE_WITHIN)
    if token is None:
        return fail(now_state, reply, "busy", "too many commands are waiting", now)
    now_state = replace(now_state, play_at=now.at)
    if isinstance(command, PlayWav):
        return now_state, [Play(token, wav=command.wav)]
    return now_state, [Play(token, url=command.url, volume=command.volume)]


def _sound_done(now_state: AgentNow, cause: SoundDone, now: Now) -> Step:
    """Counts the sound and answers who asked for it."""
    if cause.code is not None:
        now_state = replace(now_state, sounds_failed=now_state.sounds_failed + 1)
        error = CommandError(code=cause.code, message=cause.message)
        now_state, said = finish(now_state, cause.request, now, error=error)
        return now_state, [*said, Say("WARNING", f"speaker: play: {cause.message}")]
    if cause.seconds is None:
        return finish(now_state, cause.request, now, data={"silenced": cause.silenced})
    now_state = replace(now_state, sounds=now_state.sounds + 1)
    data = {"seconds": round(cause.seconds, 1), "silenced": cause.silenced}
    return finish(now_state, cause.request, now, data=data)


def done(now_state: AgentNow, cause: BeepDone | SoundDone, now: Now) -> Step:
    """What somebody asked for was played, or not."""
    if isinstance(cause, BeepDone):
        return _beep_done(now_state, cause, now)
    return _sound_done(now_state, cause, now)


def _beep_done(now_state: AgentNow, cause: BeepDone, now: Now) -> Step:
    if cause.ok:
        now_state = replace(now_state, beeps=now_state.beeps + 1)
        return finish(now_state, cause.request, now)
    error = CommandError(code="audio_failed", message=cause.message)
    return finish(now_state, cause.request, now, error=error)
