"""Discovery on UDP port 2627: the question, and what cameras answer. Pure.

*Seen* by others on cameras of the family; not confirmed on hardware of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.camera.hk.packets import KIND_DISCOVERY, Packet, encode

#: Cameras listen here, clients ask from there (seen).
DISCOVERY_PORT = 2627
CLIENT_PORT = 2726

#: Longer answers are none (guessed; bounds what a stranger can make us parse).
ANSWER_MAX = 2048

_FIELDS_MOST = 100
_HEADER = 13
_INNER_HEADER = 9

_IDS = ("HKID", "hkid", "DevID", "DSTHKID")
_PORTS = ("Prot", "UDPPort", "Port", "port")
_NAMES = ("Alias", "alias", "name", "Name", "devname")
_KINDS = ("DevFlag", "devtype", "type", "Protocol")

#: Stand for what would end a value (seen); the circumflex itself last.
_ESCAPES = (("^equal", "="), ("^scolon", ";"), ("^vivi", "^"))

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Found:
    """A camera that answered; `port` is 0 where it did not say."""

    host: str
    hkid: str
    port: int
    name: str = ""
    kind: str = ""


def question(marker: str, port: int, utc: float) -> bytes:
    """Asks all cameras to name themselves.

    Args:
        marker: made up at random; our own echo has it.
        port: where we listen.
        utc: seconds since 1970.
    """
    text = (
        f"TIME=3600;endTime={int(utc) + 3600};MainCmd=LocalData;userType=hkclient;status=1;"
        f"Prot={port};MacIP={marker};"
    )
    return encode(Packet(KIND_DISCOVERY, code=0, flag=0x0C, tag=0x1D, text=text.encode()))


def answer(asked: bytes, hkid: str, port: int, name: str) -> bytes | None:
    """What a camera answers to a question, for the simulator; None where it is no question."""
    if b"MainCmd=LocalData" not in asked or b"userType=hkclient" not in asked:
        return None
    text = f"MainCmd=LocalData;status=2;HKID={hkid};DevFlag=0;Alias={name};Prot={port};"
    return encode(Packet(KIND_DISCOVERY, code=0, flag=0x0C, tag=0x1D, text=text.encode()))


def parse_answer(datagram: bytes, host: str, marker: str) -> Found | None:
    """The camera that an answer names; None for our own echo and for what is no answer."""
    for text in _texts(datagram):
        fields = parse_fields(text)
        if not fields or fields.get("MacIP") == marker or fields.get("userType") == "hkclient":
            continue
        hkid = _first(fields, _IDS)
        if hkid or fields.get("MainCmd") == "LocalData":
            port = _first(fields, _PORTS)
            return Found(
                host,
                _clean(hkid),
                int(port) if port.isascii() and port.isdigit() and int(port) < 65536 else 0,
                _clean(_first(fields, _NAMES)),
                _clean(_first(fields, _KINDS)),
            )
    return None


def parse_fields(text: bytes) -> dict[str, str]:
    """`Key=Value;Key=Value;` as a dictionary, with the escapes undone; any bytes are borne."""
    fields: dict[str, str] = {}
    for part in text.split(b"\0", 1)[0].decode("utf-8", "replace").split(";")[:_FIELDS_MOST]:
        key, equals, value = part.partition("=")
        if equals and key.strip():
            for escape, character in _ESCAPES:
                value = value.replace(escape, character)
            fields[key.strip()] = value.strip()
    return fields


def _texts(datagram: bytes) -> list[bytes]:
    """Where an answer's text may stand: behind the header, or behind the inner packet's alone."""
    if len(datagram) > ANSWER_MAX:
        return []
    texts = []
    length = int.from_bytes(datagram[2:4], "little") >> 4
    if datagram[:2] == b"\0\0" and _HEADER < length <= len(datagram):
        texts.append(datagram[_HEADER:length])
    if datagram[:1] == bytes((KIND_DISCOVERY,)):
        texts.append(datagram[_INNER_HEADER:])
    return texts


def _first(fields: dict[str, str], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if fields.get(name)), "")


def _clean(text: str) -> str:
    """What a stranger says, fit for a terminal and a log."""
    return _UNPRINTABLE.sub("?", text)[:64]
