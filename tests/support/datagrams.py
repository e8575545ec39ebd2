"""Image datagrams made by hand: first fragments behind 15 bytes of header, all others behind 4."""

from __future__ import annotations


def stream(
    frames: list[bytes], *, joined: bool = False, size: int = 904, first: int = 0
) -> list[bytes]:
    """The datagrams of the frames, numbered from `first`; joined: cut from one byte stream."""
    cuts = [b"".join(frames)] if joined else frames
    chunks = []
    for cut in cuts:
        chunks.append(bytes(11) + cut[: size - 15])
        rest = cut[size - 15 :]
        chunks += [rest[at : at + size - 4] for at in range(0, len(rest), size - 4)]
        if len(chunks[-1]) < 13:  # too short for image data: the camera never sends that
            chunks[-1] += bytes(13)
    return [bytes(((first + n) & 0xFF, 0, 0, 0)) + chunk for n, chunk in enumerate(chunks)]
