"""The operator's part of the speaker, and the box of its orders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.audio.tones import MAX_BYTES, Tone, built_in_tone, tone_from_wav
from agent.core.errors import ConfigError
from agent.core.orders import SpeakerOrder
from agent.runtime.mailbox import Mailbox, WhenFull

#: Orders that wait, at most. A scene that switches privacy on everywhere sends one for each camera.
ORDERS = 256
#: Bytes of the sounds in them; each WAV has at most 64 KiB.
SOUND_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class BeepOptions:
    """The operator's part: `sound` None is the built-in tone, `device` None the default one."""

    enabled: bool = True
    sound: Path | None = None
    device: str | None = None  # a device's name or a part of it
    volume: float = 1.0  # 0..1
    play_from: tuple[str, ...] | None = None  # the only hosts of sounds; None: any but this machine


def tones_box() -> Mailbox[SpeakerOrder]:
    """Orders for the speaker; while a beep sounds it looks at them four times a second."""
    return Mailbox("tones", ORDERS, WhenFull.REFUSE, limit_bytes=SOUND_BYTES)


def load_tone(options: BeepOptions) -> Tone:
    """The sound to play; ConfigError, naming the file, when it cannot be used."""
    if options.sound is None:
        return built_in_tone(options.volume)
    try:
        with options.sound.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"beep.sound: {options.sound}: {error.strerror}; give the path of a WAV file or leave "
            "the key out for the built-in tone"
        ) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"beep.sound: {options.sound}: larger than {MAX_BYTES >> 20} MiB")
    return tone_from_wav(data, str(options.sound), options.volume)
