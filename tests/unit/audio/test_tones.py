"""What the beeper plays."""

from __future__ import annotations

import contextlib
import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.audio.tones import MAX_SECONDS, Tone, built_in_tone, tone_from_wav
from agent.core.errors import ConfigError


def wav(raw: bytes, *, width: int = 2, channels: int = 1, rate: int = 48_000) -> bytes:
    """A PCM WAV file around raw samples."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setsampwidth(width)
        writer.setnchannels(channels)
        writer.setframerate(rate)
        writer.writeframes(raw)
    return file.getvalue()


def extensible(raw: bytes, *, width: int, tag: int) -> bytes:
    """A mono WAV file with the long header that ffmpeg writes for 24 bit, made by hand."""
    guid = struct.pack("<H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHH", 0xFFFE, 1, 48_000, 48_000 * width, width, 8 * width)
    fmt += struct.pack("<HHI", 22, 8 * width, 4) + guid
    body = b"WAVE" + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    body += b"fmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", len(body)) + body


def values(tone: Tone) -> list[int]:
    return [int(value) for value in np.frombuffer(tone.samples, "<i2")]


def loudest_hertz(samples: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.fft.rfftfreq(8 * len(samples), 1 / rate)[int(np.argmax(spectrum))])


def test_the_built_in_tone_is_two_rising_notes_of_four_tenths_of_a_second() -> None:
    tone = built_in_tone()
    samples = np.frombuffer(tone.samples, "<i2")
    assert (tone.rate, tone.channels, tone.seconds) == (48_000, 1, 0.4)
    assert loudest_hertz(samples[:9_600], tone.rate) == pytest.approx(880, abs=3)
    assert loudest_hertz(samples[9_600:], tone.rate) == pytest.approx(1320, abs=3)


def test_the_built_in_tone_begins_and_ends_softly_and_has_no_click_between_its_notes() -> None:
    samples = np.frombuffer(built_in_tone().samples, "<i2").astype(int)
    assert samples[0] == samples[-1] == 0
    assert np.abs(samples[:24]).max() < 1_000
    assert 16_000 < np.abs(samples).max() <= 16_384
    steepest = 16_384 * 2 * np.pi * 1320 / 48_000  # of the upper note
    assert np.abs(np.diff(samples)).max() <= steepest + 1


def test_volume_scales_and_zero_is_silence() -> None:
    loud, half = values(built_in_tone(1.0)), values(built_in_tone(0.5))
    assert max(half) == pytest.approx(max(loud) / 2, abs=1)
    assert set(values(built_in_tone(0.0))) == {0}


@pytest.mark.parametrize("volume", [-0.1, 1.5, float("nan")])
def test_a_volume_outside_zero_to_one_is_refused(volume: float) -> None:
    with pytest.raises(ConfigError, match=r"beep\.volume"):
        built_in_tone(volume)


def test_sixteen_bit_samples_come_through_untouched() -> None:
    raw = struct.pack("<4h", 0, -32_768, 32_767, -1)
    tone = tone_from_wav(wav(raw, channels=2, rate=44_100), "x.wav")
    assert tone == Tone(44_100, 2, raw)


@pytest.mark.parametrize(
    ("width", "raw"),
    [
        (1, bytes([128, 0, 255, 127])),
        (3, bytes.fromhex("000000 000080 ff007f 0000ff")),
        (4, struct.pack("<4i", 0, -(2**31), 0x7F00FFFF, -(2**24))),
    ],
)
def test_other_widths_keep_their_upper_sixteen_bits(width: int, raw: bytes) -> None:
    assert values(tone_from_wav(wav(raw, width=width), "x.wav")) == [0, -32_768, 0x7F00, -256]


def test_the_long_header_of_24_bit_files_is_understood() -> None:
    tone = tone_from_wav(extensible(bytes.fromhex("000000 000040"), width=3, tag=1), "x.wav")
    assert values(tone) == [0, 0x4000]


def test_the_long_header_of_float_files_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a PCM WAV file"):
        tone_from_wav(extensible(bytes(8), width=4, tag=3), "x.wav")


@pytest.mark.parametrize(
    ("whole", "sound"),
    [(36, 0), (0, 0), (36, 8), (0xFFFF_FFFF, 0xFFFF_FFFF), (0x7FFF_FFFF, 0x7FFF_FFDB)],
    ids=["of an empty file", "none", "header only", "all ones", "largest"],
)
def test_sizes_that_a_server_did_not_know_are_found_out(whole: int, sound: int) -> None:
    data = bytearray(wav(struct.pack("<4h", 1, 2, 3, 4)))
    struct.pack_into("<I", data, 4, whole)
    struct.pack_into("<I", data, 40, sound)
    assert values(tone_from_wav(bytes(data), "x.wav")) == [1, 2, 3, 4]


def test_an_empty_sound_before_other_chunks_stays_empty() -> None:
    with pytest.raises(ConfigError, match=r"0\.0 s long"):
        tone_from_wav(_with_size(wav(b"") + b"LIST\4\0\0\0abcd"), "x.wav")


def _with_size(data: bytes) -> bytes:
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def test_an_unfinished_last_frame_is_left_out() -> None:
    data = wav(struct.pack("<4h", 1, 2, 3, 4), channels=2)[:-2]
    assert values(tone_from_wav(data, "x.wav")) == [1, 2]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not a PCM WAV file"),
        (b"ID3\x04" + bytes(100), "not a PCM WAV file"),
        (wav(b"ab")[:12] + 2000 * b"LIST\0\0\0\0" + wav(b"ab")[12:], "more than 1000 chunks"),
        (wav(b""), "0.0 s long"),
        (wav(bytes(2 * 8_000 * 11), rate=8_000), "11.0 s long"),
        (wav(bytes(600), channels=3), "3 channels"),
        (wav(bytes(200), rate=4_000), "4000 frames per second"),
    ],
)
def test_anything_else_is_refused_with_the_file_the_problem_and_the_way_out(
    data: bytes, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        tone_from_wav(data, "/etc/door.wav", 1.0)
    for part in ("beep.sound: /etc/door.wav", problem, "ffmpeg", "built-in tone"):
        assert part in str(caught.value)


def test_the_longest_sound_is_taken() -> None:
    assert tone_from_wav(wav(bytes(2 * 8_000 * 10), rate=8_000), "x.wav").seconds == MAX_SECONDS


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_raise_anything_but_a_configuration_error(noise: bytes, keep: int) -> None:
    for data in (noise, wav(bytes(64), width=3)[:keep] + noise):
        with contextlib.suppress(ConfigError):
            assert tone_from_wav(data, "x.wav").seconds <= MAX_SECONDS
