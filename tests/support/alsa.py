"""Sound without a sound card: an ALSA configuration whose devices write what they play into files.

The configuration replaces the system's (ALSA_CONFIG_PATH) and includes nothing of it: the system's
hooks would load /etc/alsa/conf.d afterwards and put another default device in its place. It has to
be in the environment before the sound process starts. What is played through a file device arrives
sample by sample, but not in real time: the null device behind it takes everything at once.
"""

from __future__ import annotations

import ctypes.util
import wave
from pathlib import Path

import pytest

from agent.audio.tones import Tone
from tests.support.needs import need

#: Each opening of a file device makes another file: NAME.wav, NAME.wav.0001, NAME.wav.0002 ...
_FILE_DEVICE = """
pcm.{pcm} {{
    type plug
    slave {{
        format S16_LE
        pcm {{
            type file
            slave.pcm {{ type null }}
            file "{file}"
            format "{format}"
            truncate {truncate}
            perm 0644
        }}
    }}
}}
"""
#: Bytes of a file in which nothing has sounded yet.
_HEADER = 44
#: One device that cannot be opened. A configuration without any makes PortAudio abort the process.
_NOTHING = "pcm.absent { type hw card 99 }\n"


def need_portaudio() -> None:
    """Skips the test where libportaudio2 is missing, or fails where it is promised."""
    need("" if ctypes.util.find_library("portaudio") else "libportaudio2 is not installed")


class SoundCard:
    """The machine's sound as the next sound process will find it; starts with no device at all."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._config = folder / "asound.conf"
        self._config.write_text(_NOTHING)
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(self._config))
        for other in ("PULSE_SERVER", "AUDIODEV", "ALSA_CARD"):
            monkeypatch.delenv(other, raising=False)

    def plug_in(self, *names: str) -> None:
        """The default device writes default.wav, each further name is a device writing NAME.wav."""
        self._config.write_text(
            "".join(
                _FILE_DEVICE.format(
                    pcm="!default" if name == "default" else name,
                    file=self._folder / f"{name}.wav",
                    format="wav",
                    truncate="false",
                )
                for name in ("default", *names)
            )
        )

    def stall(self, seconds: int = 300) -> None:
        """The default device takes what fits into a pipe and then nothing more for some time."""
        self._config.write_text(
            _FILE_DEVICE.format(
                pcm="!default", file=f"|sleep {seconds}", format="raw", truncate="true"
            )
        )

    def unplug(self) -> None:
        """No device any more."""
        self._config.write_text(_NOTHING)

    def break_configuration(self) -> None:
        """An empty configuration: PortAudio aborts the process that loads it."""
        self._config.write_text("")

    def heard(self, name: str = "default") -> list[Tone]:
        """What sounded from the device, in order, without the silence around it."""
        tones = []
        for path in sorted(self._folder.glob(f"{name}.wav*")):
            if path.stat().st_size < _HEADER:
                continue  # it has just been opened
            with wave.open(str(path)) as file:
                rate, channels = file.getframerate(), file.getnchannels()
                raw = file.readframes(file.getnframes())
            frame = 2 * channels
            frames = [raw[at : at + frame] for at in range(0, len(raw), frame)]
            sounding = [at for at, samples in enumerate(frames) if any(samples)]
            if sounding:
                trimmed = b"".join(frames[sounding[0] : sounding[-1] + 1])
                tones.append(Tone(rate, channels, trimmed))
        return tones


def without_silence(tone: Tone) -> Tone:
    """The tone as `SoundCard.heard` gives it back."""
    frame = bytes(2 * tone.channels)
    samples = tone.samples
    while samples.startswith(frame):
        samples = samples[len(frame) :]
    while samples.endswith(frame):
        samples = samples[: -len(frame)]
    return Tone(tone.rate, tone.channels, samples)
