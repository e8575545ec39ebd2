"""A sequence parameter set without its frame rate (ITU-T H.264 section 7.3.2.1.1, annex E). Pure.

An encoder writes a constant rate into it. Our pictures come when the camera sends them, and how
long each is shown is in the container: a program that believes the stream would be told two rates.
Nothing that decoding needs is touched.
"""

from __future__ import annotations

from agent.imaging.bits import Bits, skip_scalings, unescaped

#: Profiles that say more of their samples.
_HIGH = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
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
    except IndexError:
        return sps
    end = bits.text.rindex("1")  # the stop bit
    text = bits.text[:flag] + "0" + bits.text[bits.at : end] + "1"
    text += "0" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data[:1] + _escaped(data[1:])


def _seek_timing(bits: Bits) -> bool:
    """Goes to timing_info_present_flag; False when there is none."""
    bits.take(8)
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    if profile in _HIGH:
        _skip_high(bits)
    bits.golomb()  # log2_max_frame_num
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(bits.golomb())
    bits.golomb()  # max_num_ref_frames
    bits.take(1)
    bits.skip_golombs(2)  # size
    if not bits.take(1):  # frame_mbs_only
        bits.take(1)
    bits.take(1)
    if bits.take(1):  # cropping
        bits.skip_golombs(4)
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


def _skip_high(bits: Bits) -> None:
    colours = bits.golomb()
    if colours == 3:
        bits.take(1)
    bits.skip_golombs(2)
    bits.take(1)
    if bits.take(1):  # scaling matrices
        skip_scalings(bits, 12 if colours == 3 else 8)


def _escaped(data: bytes) -> bytes:
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
