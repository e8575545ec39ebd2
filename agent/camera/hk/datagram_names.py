"""Names for every datagram of the family and for every field in it, in both dialects. Pure.

For people who read a black box or a capture; the links decide by themselves what a datagram is.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

from agent.camera.hk import packets, packets2
from agent.camera.hk.discovery_packets import parse_fields
from agent.camera.jpeg_header import EOI, SOI

_OUTER = struct.Struct("<HH")
_INNER = struct.Struct("<BBBHI")

#: The name of image data; all other names are those of control packets.
IMAGE = "image data"

#: Fields of a text that are shown; bounds what one hostile datagram can make us print.
FIELDS_MOST = 40

_STATUSES = {0x82: "status 82", 0xA2: "status a2", 0x62: "status 62"}

#: `MainCmd` of a text and the name of its packet.
_COMMANDS = {
    "HK_RES_REQ": "resource request",
    "HK_RES_REP": "resource reply",
    "SessionStart": "session start",
    "SessionCreate": "session created",
    "SessionDelete": "session delete",
    "LocalData": "discovery",
}


#: Names of passwords in texts of the family: `Psw` of the presence packet, the Wi-Fi's.
_PASSWORD = re.compile(rb"psw|pass|pwd|wifi_?key|wep|wpa|secret", re.IGNORECASE)
#: Fields of `describe` that hold a whole text.
_WHOLE_TEXTS = frozenset({"text", "plain", "unveiled"})
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Named:
    """What a datagram is, and its fields by name in the order of its bytes.

    Attributes:
        name: of the packet.
        fields: passwords are hidden in them.
        secret: the datagram names a password; its bytes must not be shown.
    """

    name: str
    fields: dict[str, str] = field(default_factory=dict)
    secret: bool = False

    @property
    def is_image(self) -> bool:
        """Whether it is image data, not a control packet."""
        return self.name == IMAGE

    def shown(self, datagram: bytes) -> str:
        """The bytes of the datagram in hex, unless they hold a password."""
        return f"{HIDDEN} (names a password)" if self.secret else datagram.hex()

    def text(self) -> str:
        """The name and all fields in one line."""
        return " ".join([self.name, *(f"{name}={value}" for name, value in self.fields.items())])


def describe(datagram: bytes) -> Named:
    """The name and the fields of any bytes; never raises, and says so where it cannot tell."""
    named = _described(datagram)
    return named if named.is_image or not names_a_password(datagram) else _hidden(named)


def names_a_password(text: bytes) -> bool:
    """Whether a text of the family has a field for a password, plain or XORed."""
    return any(_PASSWORD.search(spelling) for spelling in (text, packets.unveil(text)))


def _hidden(named: Named) -> Named:
    fields = {
        name: HIDDEN if name in _WHOLE_TEXTS or _PASSWORD.search(name.encode()) else value
        for name, value in named.fields.items()
        if name != "begins"
    }
    return Named(named.name, fields, secret=True)


def _described(datagram: bytes) -> Named:
    packet = packets.decode(datagram)
    starts = datagram[15:17] == SOI or datagram[4:6] == SOI
    if packet is None or (starts and packet.kind != packets.KIND_COMMAND):
        return _image(datagram) or _inner(datagram) or _unknown(datagram)
    named = _control(packet, len(datagram))
    return named or (
        _unknown(datagram)
        if len(datagram) < packets.FRAGMENT_MIN
        else _other(packet, len(datagram))
    )


def _control(packet: packets.Packet, length: int) -> Named | None:
    """A packet whose kind is known."""
    kind, text = packet.kind, packet.text
    name = None
    if kind == packets.KIND_DISCOVERY:
        name = "discovery"
    elif kind in {packets.KIND_STATUS, packets.KIND_STATUS_A2, packets.KIND_STATUS_62}:
        name = _STATUSES[kind] if not text else "hello"
        if packet.code == packets2.CODE and not text:
            name = f"ping {kind:x}"
    elif kind & 0xEF in _STATUSES and kind & 0x10:
        refused = packet.tag & packets.TAG_REFUSED and packet.code != packets2.CODE
        name = f"{_STATUSES[kind & 0xEF]} {'refused' if refused else 'answered'}"
    elif kind == packets.KIND_ACK:
        name = "acknowledgement"
    elif kind == packets.KIND_POLL:
        name = "poll"
    elif kind == packets.KIND_COMMAND:
        name = "command"
    if name is None:
        return None
    fields = _text_fields(kind, text)
    name = _COMMANDS.get(fields.get("MainCmd", ""), name)
    return Named(name, _header(packet, length) | fields)


def _other(packet: packets.Packet, length: int) -> Named:
    """The header is whole, the kind is none we know: the text is shown both ways, cut."""
    plain, veiled = packet.text[:64], packets.unveil(packet.text[:64])
    texts = {"plain": _printable(plain), "unveiled": _printable(veiled)} if packet.text else {}
    return Named("unknown kind", _header(packet, length) | texts)


def _header(packet: packets.Packet, length: int) -> dict[str, str]:
    return {
        "seq": str(packet.seq),
        "length": str(length),
        "kind": f"{packet.kind:#04x}",
        "flag": f"{packet.flag:#04x}",
        "tag": f"{packet.tag:#04x}",
        "code": str(packet.code),
    }


def _text_fields(kind: int, text: bytes) -> dict[str, str]:
    """The fields of a text; a poll's are named by their places, `d4:ICMD2:293:...`."""
    if not text:
        return {}
    if kind == packets.KIND_POLL:
        parts = text.decode("ascii", "replace").split(":")
        if len(parts) >= 7 and parts[0] == "d4":
            names = ("poll", "client", "word", "id", "number_word", "number")
            return {n: _printable(p.encode()) for n, p in zip(names, parts[1:], strict=False)}
        return {"text": _printable(text[:256])}
    fields = parse_fields(text)
    if not fields:
        return {"text": _printable(text[:256])}
    few = list(fields.items())[:FIELDS_MOST]
    return {_printable(k.encode()): _printable(v.encode()) for k, v in few}


def _image(datagram: bytes) -> Named | None:
    """Image data: it has no more header than a number, and a length that fits or is 0."""
    if not packets.FRAGMENT_MIN <= len(datagram) <= packets.DATAGRAM_MAX:
        return None
    seq, shifted = _OUTER.unpack_from(datagram)
    at = 15 if datagram[15:17] == SOI else 4
    if at == 4 and shifted >> 4 not in {0, len(datagram)}:
        # the seed's fragments were read by their first byte only: what else is there is unknown
        return Named(IMAGE, {"seq": str(seq & 0xFF), "length": str(len(datagram)), "sure": "no"})
    fields = {"seq": str(seq), "length": str(len(datagram)), "data_at": str(at)}
    if datagram[at : at + 2] == SOI:
        fields["starts"] = "frame"
    if EOI in datagram[at:]:
        fields["ends"] = "frame"
    return Named(IMAGE, fields)


def _inner(datagram: bytes) -> Named | None:
    """A discovery answer may come without the outer four bytes."""
    if len(datagram) < _INNER.size or datagram[0] != packets.KIND_DISCOVERY:
        return None
    kind, flag, tag, length, code = _INNER.unpack_from(datagram)
    about = {"kind": f"{kind:#04x}", "flag": f"{flag:#04x}", "tag": f"{tag:#04x}"}
    about |= {"length": str(length), "code": str(code)}
    return Named("discovery", about | _text_fields(kind, datagram[_INNER.size :]))


def _unknown(datagram: bytes) -> Named:
    return Named("unknown", {"bytes": str(len(datagram)), "begins": datagram[:16].hex()})


def _printable(text: bytes) -> str:
    """Printable ASCII only: what a camera says goes to a terminal."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "?" for byte in text[:256])
