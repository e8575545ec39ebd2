"""A sequence parameter set of H.264 without its frame rate (ITU-T H.264, annex E); its size. Pure.

An encoder writes a constant rate into it. Our pictures come when the camera sends them, and how
long each is shown is in the container: a program that believes the stream would be told two rates.
Nothing that decoding needs is touched.
"""

from __future__ import annotations

from agent.imaging.bits import Bits, escaped, unescaped
from agent.imaging.sps import cropped, h264

_EXTENDED_SAR = 255
#: num_units_in_tick, time_scale, fixed_frame_rate_flag.
_TIMING_BITS = 32 + 32 + 1


def without_rate(sps: bytes) -> bytes:
    """The NAL unit without timing information; as it is when it has none, or cannot be read."""
    try:
        bits = Bits(sps[:1] + unescaped(sps[1:]))
        if not _seek_timing(bits):
            return sps
        flag = bits.at
        if not bits.take(1):
            return sps
        bits.take(_TIMING_BITS)
    except (IndexError, ValueError):
        return sps
    end = bits.text.rindex("1")  # the stop bit
    text = bits.text[:flag] + "0" + bits.text[bits.at : end] + "1"
    text += "0" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data[:1] + escaped(data[1:])


def size(sps: bytes) -> tuple[int, int]:
    """(width, height) of the pictures as they are shown, in pixels.

    Raises:
        ValueError: it cannot be read.
    """
    bits = Bits(sps[:1] + unescaped(sps[1:]))
    try:
        return cropped(bits, h264(bits))
    except IndexError:
        raise ValueError("a sequence parameter set that is cut off") from None


def _seek_timing(bits: Bits) -> bool:
    """Goes to timing_info_present_flag; False when there is none."""
    cropped(bits, h264(bits))
    if not bits.take(1):  # vui_parameters_present
        return False
    if bits.take(1) and bits.take(8) == _EXTENDED_SAR:
        bits.take(32)
    if bits.take(1):  # overscan
        bits.take(1)
    if bits.take(1):  # video_signal_type
        bits.take(4)
        if bits.take(1):
            bits.take(24)
    if bits.take(1):  # chroma_loc
        bits.skip_golombs(2)
    return True
