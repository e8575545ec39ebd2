"""pcap files made by hand: UDP datagrams in IPv4 in Ethernet."""

from __future__ import annotations

import struct
from pathlib import Path

ETHERNET, RAW_IP = 1, 101

#: Source host and port, target host and port, payload; hosts are the last byte of 192.168.1.x.
Talk = tuple[int, int, int, int, bytes]


def frame(talk: Talk, link: int = ETHERNET) -> bytes:
    """The frame that carries a datagram."""
    source, source_port, target, target_port, payload = talk
    udp = struct.pack(">HHHH", source_port, target_port, 8 + len(payload), 0) + payload
    addresses = bytes((192, 168, 1, source, 192, 168, 1, target))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + addresses + udp
    return ip if link == RAW_IP else bytes(12) + b"\x08\x00" + ip


def pcap(talks: list[Talk], link: int = ETHERNET, order: str = "<") -> bytes:
    """A whole file; the n-th packet is n seconds after 2026-11-23 12:00 UTC."""
    parts = [struct.pack(f"{order}IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)]
    for number, talk in enumerate(talks):
        data = frame(talk, link)
        parts.append(struct.pack(f"{order}IIII", 1_795_435_200 + number, 5, len(data), len(data)))
        parts.append(data)
    return b"".join(parts)


def write_pcap(path: Path, talks: list[Talk], link: int = ETHERNET, order: str = "<") -> Path:
    """Writes such a file; returns its path."""
    path.write_bytes(pcap(talks, link, order))
    return path
