"""Payloads that bring a sound -> the command, or why it is none. Pure.

Only their letters are looked at. Whether a WAV file is a good one, and whether a URL may be
fetched, is the speaker's to find out (`agent.audio`).
"""

from __future__ import annotations

from typing import Any

from schemas.commands import LONGEST_URL, CommandError, PlaySound, PlayWav

#: How a WAV file begins.
_RIFF = b"RIFF"


def wav_of(payload: bytes) -> PlayWav | None:
    """The message itself as a sound; None: it is none."""
    return PlayWav(wav=payload) if payload.startswith(_RIFF) else None


def asks_for_a_sound(content: str | dict[str, Any]) -> bool:
    """Whether a payload of `beep/play` names another sound than the operator's."""
    return "://" in content if isinstance(content, str) else "url" in content


def play_of(fields: dict[str, Any]) -> PlaySound | CommandError:
    """The command of `{"url": ..., "volume": ...}`; these keys are taken out."""
    url, volume = fields.pop("url", None), fields.pop("volume", None)
    good = isinstance(url, str) and url.lower().startswith(("http://", "https://"))
    if not good or len(url) > LONGEST_URL or not url.isprintable():
        words = f"url must be http://... or https://..., at most {LONGEST_URL} characters"
        return CommandError(code="invalid_payload", message=words)
    number = isinstance(volume, int | float) and not isinstance(volume, bool)
    if volume is not None and not (number and 0 <= volume <= 1):
        return CommandError(code="out_of_range", message="volume must be a number 0..1")
    return PlaySound(url=url, volume=volume)
