"""JPEGs by their bytes: headers as in a real file, entropy-coded noise that no decoder sees."""

from __future__ import annotations

import random


def segment(marker: int, body: bytes) -> bytes:
    """A marker segment with its length."""
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def entropy(rng: random.Random, size: int) -> bytes:
    """At least so many bytes of noise with every ff stuffed."""
    noise = rng.randbytes(size).replace(b"\xff", b"\xff\x00")
    return noise or b"\x01"


def jpeg(
    size: int = 2000,
    *,
    seed: int = 1,
    height: int = 480,
    width: int = 640,
    thumbnail: bytes = b"",
) -> bytes:
    """A JPEG of about `size` bytes; a thumbnail stands in an APP1 segment."""
    rng = random.Random(seed)
    app = segment(0xE0, b"JFIF\0" + bytes(9))
    if thumbnail:
        app += segment(0xE1, b"Exif\0\0" + bytes(20) + thumbnail + bytes(7))
    tables = segment(0xDB, rng.randbytes(65)) + segment(0xC4, rng.randbytes(100))
    frame = segment(
        0xC0, b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + bytes(10)
    )
    head = b"\xff\xd8" + app + tables + frame + segment(0xDA, bytes(10))
    return head + entropy(rng, max(1, size - len(head) - 2)) + b"\xff\xd9"


def jpegs(count: int, size: int = 2000, *, thumbnail: bytes = b"") -> list[bytes]:
    """Different ones of one picture size."""
    return [jpeg(size + 37 * seed, seed=seed, thumbnail=thumbnail) for seed in range(count)]
