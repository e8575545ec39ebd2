"""Reading the numbers of H.264 and H.265 (ITU-T H.264 section 9.1). Pure."""

from __future__ import annotations


class Bits:
    """Reads on from bit to bit; IndexError behind the end."""

    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count: int) -> int:
        """An unsigned number of `count` bits."""
        if self.at + count > len(self.text):
            raise IndexError
        self.at += count
        return int(self.text[self.at - count : self.at] or "0", 2)

    def golomb(self) -> int:
        """An Exp-Golomb code; a signed one is as long."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_golombs(self, count: int) -> None:
        """Reads and drops `count` codes."""
        for _ in range(count):
            self.golomb()


def unescaped(data: bytes) -> bytes:
    """A NAL unit without the bytes that only keep start codes out of it."""
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def escaped(data: bytes) -> bytes:
    """The opposite of `unescaped`."""
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def skip_scaling(bits: Bits, size: int) -> None:
    """Reads and drops one scaling list of H.264 with `size` entries."""
    last = following = 8
    for _ in range(size):
        if following:
            code = bits.golomb()
            delta = (code + 1) // 2 if code % 2 else -(code // 2)
            following = (last + delta) % 256
        last = following or last


def skip_scalings(bits: Bits, count: int) -> None:
    """The scaling lists of H.264, each of which may be missing."""
    for number in range(count):
        if bits.take(1):
            skip_scaling(bits, 16 if number < 6 else 64)
