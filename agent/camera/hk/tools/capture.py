"""The `decode-capture` command: names every datagram of the family in a pcap file."""

from __future__ import annotations

import argparse
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, BinaryIO

from agent.camera.hk.address import DEFAULT_PORT
from agent.camera.hk.datagram_names import Named, describe
from agent.camera.hk.discovery_packets import CLIENT_PORT, DISCOVERY_PORT
from agent.core.errors import ConfigError
from agent.runtime.extras import how_to_get

#: No packet of a network is longer; bounds what a damaged length can make the library allocate.
RECORD_MOST = 1 << 18

#: Different conversations in the summary; all further ones count as one.
TALKS_MOST = 100


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram of a capture; `at` is seconds since 1970."""

    number: int  # of the packet in the file, from 1
    at: float
    source: str
    source_port: int
    target: str
    target_port: int
    payload: bytes


class _Bounded(io.RawIOBase):
    """A file that refuses to hand out more than a packet can have."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.name = file.name  # the library asks for it

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; more than a record may have is refused before it is read."""
        if not 0 <= size <= RECORD_MOST:
            raise ValueError(f"a packet of {size} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As the file's."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As the file's."""
        return self._file.tell()

    def close(self) -> None:
        """Closes the file, too."""
        self._file.close()
        super().close()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's options to its parser."""
    add = parser.add_argument
    add("capture", type=Path, metavar="FILE.pcap", help="pcap or pcapng")
    add("--port", type=int, default=DEFAULT_PORT, help="the camera's session port; default 5000")
    add("--all", action="store_true", help="every UDP datagram, of any port")
    add("--images", action="store_true", help="a line for each image datagram, too")
    add("--json", action="store_true", help="a JSON object for each datagram")


def run(args: argparse.Namespace, show: Callable[[str], None]) -> int:
    """Names what is in the file; exit code 0, or 1 where the file ends in damage.

    Raises:
        ConfigError: the file cannot be read, or the library is not installed.
    """
    ports = {args.port, DISCOVERY_PORT, CLIENT_PORT}
    names: Counter[tuple[str, str]] = Counter()
    others: Counter[int] = Counter()  # datagrams by the port that is not shown
    damage = None
    datagrams = read_datagrams(args.capture)
    while True:
        try:
            datagram = next(datagrams, None)
        except ValueError as error:
            damage = str(error)
            break
        if datagram is None:
            break
        if not args.all and not ports & {datagram.source_port, datagram.target_port}:
            others[min(datagram.source_port, datagram.target_port)] += 1
            continue
        named = describe(datagram.payload)
        talk = f"{_end(datagram.source, datagram.source_port)} > " + _end(
            datagram.target, datagram.target_port
        )
        if (talk, named.name) not in names and len(names) >= TALKS_MOST:
            talk = "others"
        names[talk, named.name] += 1
        if args.images or not named.is_image:
            show((_json if args.json else _line)(datagram, named))
    if not args.json:
        for (talk, name), count in sorted(names.items()):
            show(f"# {talk}: {count} x {name}")
        if not names:
            show(_nothing(others, args.port))
    if damage is not None:
        show(json.dumps({"damaged": damage}) if args.json else f"# the file is damaged: {damage}")
    return 0 if damage is None else 1


def _nothing(others: Counter[int], port: int) -> str:
    """What is said of a capture without a datagram of the camera's."""
    if not others:
        return "# no UDP datagram is in the file"
    most = ", ".join(f"{count} on {other}" for other, count in others.most_common(5))
    words = f"# none of its {others.total()} UDP datagrams is on port {port}; {most}"
    return f"{words}: see --port and --all"


def read_datagrams(path: Path) -> Iterator[Datagram]:
    """The UDP datagrams of a capture, one after the other; all else is left out.

    Raises:
        ConfigError: the file cannot be opened, is no capture, or dpkt is not installed.
        ValueError: the file ends in damage.
    """
    try:
        import dpkt
    except ImportError as error:
        raise ConfigError(f"decode-capture needs dpkt: {how_to_get('capture')}") from error
    try:
        file = _Bounded(path.open("rb"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    with file:
        try:
            reader = dpkt.pcap.UniversalReader(file)
            link = reader.datalink()
        except (ValueError, dpkt.Error, OSError) as error:
            raise ConfigError(f"{path}: no pcap or pcapng file") from error
        packets = iter(reader)
        number = 0
        while True:
            number += 1
            try:
                record = next(packets, None)
            except (ValueError, ArithmeticError, LookupError, dpkt.Error, OSError) as error:
                words = "it is cut, or no packet has such lengths"
                raise ValueError(f"packet {number}: {words}") from error
            if record is None:
                return
            found = _datagram(dpkt, number, float(record[0]), link, bytes(record[1]))
            if found is not None:
                yield found


def _datagram(dpkt: Any, number: int, at: float, link: int, frame: bytes) -> Datagram | None:  # noqa: ANN401  the library has no types
    """The UDP datagram in a captured frame, or None; hostile bytes are borne."""
    pcap = dpkt.pcap
    kinds = {
        pcap.DLT_EN10MB: dpkt.ethernet.Ethernet,
        pcap.DLT_LINUX_SLL: dpkt.sll.SLL,
        pcap.DLT_LINUX_SLL2: dpkt.sll2.SLL2,
        pcap.DLT_NULL: dpkt.loopback.Loopback,
        pcap.DLT_LOOP: dpkt.loopback.Loopback,
    }
    try:
        if link in kinds:
            packet = kinds[link](frame).data
        elif link in {pcap.DLT_RAW, 12, 14, 101, 228, 229}:  # bare IP, by its several numbers
            packet = (dpkt.ip6.IP6 if frame[:1] >= b"\x60" else dpkt.ip.IP)(frame)
        else:
            return None
        datagram = packet.data
        if not isinstance(datagram, dpkt.udp.UDP):
            return None
        source, target = str(ip_address(packet.src)), str(ip_address(packet.dst))
        ends = (source, datagram.sport, target, datagram.dport)
        return Datagram(number, at, *ends, bytes(datagram.data))
    except (ValueError, LookupError, AttributeError, TypeError, dpkt.Error):
        return None  # no IP, or cut


def _line(datagram: Datagram, named: Named) -> str:
    ends = f"{_end(datagram.source, datagram.source_port)} > " + _end(
        datagram.target, datagram.target_port
    )
    return (
        f"{datagram.number} {_moment(datagram.at)} {ends} {len(datagram.payload)}: {named.text()}"
    )


def _json(datagram: Datagram, named: Named) -> str:
    about: dict[str, Any] = {
        "number": datagram.number,
        "ts": _moment(datagram.at),
        "from": _end(datagram.source, datagram.source_port),
        "to": _end(datagram.target, datagram.target_port),
        "bytes": len(datagram.payload),
        "name": named.name,
        "fields": named.fields,
        "hex": named.shown(datagram.payload),
    }
    return json.dumps(about)


def _end(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _moment(at: float) -> str:
    """The time of a packet; a damaged one may be any number."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError, OSError):
        return f"{at:g}"
