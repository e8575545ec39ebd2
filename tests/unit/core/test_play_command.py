"""The engine: sounds that somebody asks for."""

from __future__ import annotations

import json
from typing import Any

from agent.core.effects import Effect
from agent.core.orders import Play, StopPlay
from agent.core.owner_answers import SoundDone
from agent.core.play_command import DONE_WITHIN
from agent.core.state import Gauges, Tick
from schemas.commands import Command, PlaySound, PlayWav, Silence
from tests.support.engine_rig import YARD, Rig

URL = "http://nas/bell.wav"


def ask(rig: Rig, command: Command, after: float = 2.0) -> list[Effect]:
    rig.at += after
    return rig.command(command, "play", transaction="t1")


def answer(rig: Rig) -> dict[str, Any]:
    (payload,) = rig.published(f"{YARD}/response/play")
    said: dict[str, Any] = json.loads(payload)
    return said


def health(rig: Rig) -> tuple[int, int]:
    return rig.state.sounds, rig.state.sounds_failed


def test_a_sound_is_answered_when_it_is_over() -> None:
    rig = Rig()
    assert ask(rig, PlaySound(url=URL, volume=0.5)) == [Play("1", url=URL, volume=0.5)]
    rig.do(Tick(Gauges()), after=30.0)
    assert rig.published(f"{YARD}/response/play") == []
    rig.do(SoundDone(None, "", "1", rig.at, seconds=21.04))
    assert answer(rig)["data"] == {"seconds": 21.0, "silenced": False}
    assert answer(rig)["transaction"] == "t1"
    assert health(rig) == (1, 0)


def test_a_failure_is_answered_with_its_code_and_counted() -> None:
    rig = Rig()
    ask(rig, PlayWav(wav=b"RIFF"))
    assert rig.kinds(Play) == [Play("1", wav=b"RIFF")]
    rig.do(SoundDone("invalid_payload", "not a PCM WAV file", "1", rig.at))
    assert answer(rig)["error"] == {"code": "invalid_payload", "message": "not a PCM WAV file"}
    assert health(rig) == (0, 1)


def test_sounds_are_limited_to_one_a_second_and_silence_is_not() -> None:
    rig = Rig()
    ask(rig, PlaySound(url=URL))
    ask(rig, PlaySound(url=URL), after=0.5)
    assert answer(rig)["error"]["code"] == "rate_limited"
    assert ask(rig, Silence(), after=0.0) == [StopPlay("2")]
    rig.do(SoundDone(None, "", "2", rig.at, silenced=True))
    assert answer(rig)["data"] == {"silenced": True}
    assert health(rig) == (0, 0)


def test_a_speaker_that_never_answers_is_given_up() -> None:
    rig = Rig()
    ask(rig, PlaySound(url=URL))
    rig.do(Tick(Gauges()), after=DONE_WITHIN)
    assert answer(rig)["error"] == {
        "code": "audio_failed",
        "message": f"no answer within {DONE_WITHIN:g} s",
    }
