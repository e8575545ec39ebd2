"""What a sequence parameter set says (ITU-T H.264 section 7.3.2.1.1, H.265 7.3.2.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent.imaging.bits import Bits, skip_scalings

#: Profiles of H.264 that say more of their samples.
_HIGH = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
#: Chroma formats without colour and with all of it; samples across and down that one sample of
#: chroma stands for, by the format.
_GREY, _FULL = 0, 3
_CHROMA = {_GREY: (1, 1), 1: (2, 2), 2: (2, 1), _FULL: (1, 1)}
#: Samples of a side of a block of H.264.
_BLOCK = 16
#: Entries that a list of the standard has at most.
_MOST_ENTRIES = 256
#: Bits of H.265's general profile, tier and level; of a sub-layer's profile; of its level.
_GENERAL, _PROFILE, _LEVEL = 96, 88, 8
#: Sub-layers in the flags, at most.
_SUB_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Sps:
    """What a set says.

    Attributes:
        number: its id.
        width: pixels as they are coded.
        height: likewise.
        chroma: chroma_format_idc, 0 to 3.
        depths: bits a sample above 8, of luma and of chroma.
        references: pictures that a decoder keeps, as far as the stream says it.
        fields: 2 where pictures may be coded as two fields, else 1.
        cropped: width and height as they are shown; of H.264 see `cropped`.
        general: of H.265, 12 bytes of profile, tier and level.
        layers: of H.265, temporal layers.
        nested: of H.265, 1: one may switch between them at each picture.
    """

    number: int
    width: int
    height: int
    chroma: int
    depths: tuple[int, int]
    references: int
    fields: int = 1
    cropped: tuple[int, int] = (0, 0)
    general: bytes = b""
    layers: int = 1
    nested: int = 0


def h264(bits: Bits) -> Sps:
    """The set of H.264, as far as a decoder's memory depends on it.

    Args:
        bits: of the NAL unit, unescaped, with its header; they stand behind frame_mbs_only_flag
            after this.

    Raises:
        IndexError: it is cut off.
        ValueError: it says what no set may say.
    """
    bits.take(8)
    profile = bits.take(8)
    bits.take(16)
    number = bits.golomb()
    chroma, depths = _samples(bits) if profile in _HIGH else (1, (0, 0))
    bits.golomb()  # log2_max_frame_num
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.skip_golombs(2)
        bits.skip_golombs(min(bits.golomb(), _MOST_ENTRIES))
    references = bits.golomb()
    bits.take(1)
    width, rows = (bits.golomb() + 1) * _BLOCK, (bits.golomb() + 1) * _BLOCK
    fields = 2 - bits.take(1)
    return Sps(number, width, rows * fields, chroma, depths, references, fields)


def cropped(bits: Bits, sps: Sps) -> tuple[int, int]:
    """Width and height as they are shown, of H.264; `bits` go on behind the cropping."""
    if sps.fields == 2:
        bits.take(1)
    bits.take(1)
    left, right, top, bottom = _window(bits)
    across, down = _CHROMA[sps.chroma]
    height = sps.height - (top + bottom) * down * sps.fields
    return sps.width - (left + right) * across, height


def h265(bits: Bits) -> Sps:
    """The set of H.265.

    Args:
        bits: of the NAL unit, unescaped, behind its header.

    Raises:
        IndexError: it is cut off.
        ValueError: it says what no set may say.
    """
    bits.take(4)
    layers, nested = bits.take(3), bits.take(1)
    general = bits.take(_GENERAL).to_bytes(_GENERAL // 8, "big")
    if layers:
        present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
        bits.take(2 * (_SUB_LAYERS - layers))
        for profile, level in present:
            bits.take(_PROFILE * profile + _LEVEL * level)
    number = bits.golomb()
    chroma = _known(bits.golomb())
    if chroma == _FULL:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    left, right, top, bottom = _window(bits)
    across, down = _CHROMA[chroma]
    shown = width - (left + right) * across, height - (top + bottom) * down
    depths = bits.golomb(), bits.golomb()
    bits.golomb()  # log2_max_pic_order_cnt_lsb
    references = 0
    for _ in range(layers + 1 if bits.take(1) else 1):
        references = max(references, bits.golomb() + 1)
        bits.skip_golombs(2)
    return Sps(
        number,
        width,
        height,
        chroma,
        depths,
        references,
        cropped=shown,
        general=general,
        layers=layers + 1,
        nested=nested,
    )


def _samples(bits: Bits) -> tuple[int, tuple[int, int]]:
    """What only some profiles of H.264 say: chroma format and bits a sample above 8."""
    chroma = _known(bits.golomb())
    if chroma == _FULL:
        bits.take(1)
    depths = bits.golomb(), bits.golomb()
    bits.take(1)
    if bits.take(1):  # scaling matrices
        skip_scalings(bits, 12 if chroma == _FULL else 8)
    return chroma, depths


def _window(bits: Bits) -> tuple[int, int, int, int]:
    """What is cut off left, right, at the top and at the bottom, in samples of chroma."""
    if not bits.take(1):
        return 0, 0, 0, 0
    return bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()


def _known(chroma: int) -> int:
    if chroma not in _CHROMA:
        raise ValueError("a chroma format that does not exist")
    return chroma
