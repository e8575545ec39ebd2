"""The `decode-capture` command on files: whole, foreign, cut and hostile."""

from __future__ import annotations

import argparse
import json
import random
import struct
from pathlib import Path

import pytest

from agent.camera.hk import packets2
from agent.camera.hk.discovery_packets import question
from agent.camera.hk.tools import capture
from agent.core.errors import ConfigError
from tests.support import fake_camera
from tests.support.datagrams import stream
from tests.support.jpegs import jpegs
from tests.support.pcap import RAW_IP, Talk, frame, pcap, write_pcap

CAMERA, CLIENT = 2, 1
TALKS: list[Talk] = [
    (CLIENT, 40000, CAMERA, 5000, fake_camera.HELLO),
    (CLIENT, 40000, CAMERA, 5000, fake_camera.status(0x82, 6)),
    (CAMERA, 5000, CLIENT, 40000, fake_camera.status(0x92, 6)),
    (CLIENT, 2726, 255, 2627, question("me", 2726, 0.0)),
    (CLIENT, 40000, CAMERA, 5000, packets2.PING_82),
    *[(CAMERA, 5000, CLIENT, 40000, datagram) for datagram in stream(jpegs(1, 3_000))],
    (CLIENT, 53, CAMERA, 53, b"a question"),
]


def decoded(path: Path, *options: str) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser()
    capture.add_arguments(parser)
    lines: list[str] = []
    code = capture.run(parser.parse_args([str(path), *options]), lines.append)
    return code, lines


@pytest.mark.parametrize("link", [1, RAW_IP])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_packet_is_named_with_its_fields(tmp_path: Path, link: int, order: str) -> None:
    code, lines = decoded(write_pcap(tmp_path / "a.pcap", TALKS, link, order))

    assert code == 0
    told = [line for line in lines if not line.startswith("#")]
    assert len(told) == 5
    assert told[0] == (
        "1 2026-11-23T12:00:00.000005+00:00 192.168.1.1:40000 > 192.168.1.2:5000 43: hello seq=0"
        " length=43 kind=0x82 flag=0x00 tag=0x00 code=1 MacIP=BC-AE-C5-7C-77-7B+16467"
    )
    assert "discovery" in told[3]
    assert any("4 x image data" in line for line in lines)


def test_a_capture_without_the_camera_says_which_ports_it_has(tmp_path: Path) -> None:
    talk: list[Talk] = [(CLIENT, 53, CAMERA, 53, b"x"), (CLIENT, 53, CAMERA, 53, b"y")]
    talk += [(CLIENT, 40001, CAMERA, 32108, b"z")]
    _, lines = decoded(write_pcap(tmp_path / "a.pcap", talk))
    assert lines == [
        "# none of its 3 UDP datagrams is on port 5000; 2 on 53, 1 on 32108: see --port and --all"
    ]
    _, lines = decoded(write_pcap(tmp_path / "b.pcap", []))
    assert lines == ["# no UDP datagram is in the file"]


def test_images_and_other_ports_are_shown_on_request(tmp_path: Path) -> None:
    path = write_pcap(tmp_path / "a.pcap", TALKS)

    _, images = decoded(path, "--images")
    _, everything = decoded(path, "--all")

    assert any("image data seq=0 length=904 data_at=15 starts=frame" in line for line in images)
    assert not any("unknown" in line for line in images)
    assert any(":53 10: unknown bytes=10" in line for line in everything)


def test_lines_of_json_carry_the_bytes(tmp_path: Path) -> None:
    _, lines = decoded(write_pcap(tmp_path / "a.pcap", TALKS), "--json")

    hello = json.loads(lines[0])
    assert (hello["name"], hello["hex"]) == ("hello", fake_camera.HELLO.hex())
    assert hello["fields"]["MacIP"].startswith("BC-AE")


def test_what_is_no_capture_is_said(tmp_path: Path) -> None:
    (tmp_path / "no.pcap").write_bytes(b"no capture at all, whatever it is called")

    for name, words in (
        ("no.pcap", "no pcap"),
        ("absent.pcap", "No such file"),
        (".", "directory"),
    ):
        with pytest.raises(ConfigError, match=words):
            decoded(tmp_path / name)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, capture.RECORD_MOST + 1])
def test_a_length_that_lies_is_refused_before_anything_is_allocated(
    tmp_path: Path, length: int
) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(TALKS[:1]) + struct.pack("<IIII", 0, 0, length, length) + b"x")

    code, lines = decoded(path)

    assert code == 1
    assert "packet 2" in lines[-1]
    assert "hello" in lines[0]


def test_a_cut_file_is_read_up_to_the_cut(tmp_path: Path) -> None:
    whole = pcap(TALKS)
    path = tmp_path / "a.pcap"
    first = 24 + 16 + len(frame(TALKS[0]))
    for cut in range(24, len(whole), 37):
        path.write_bytes(whole[:cut])
        code, lines = decoded(path)
        assert code in {0, 1}
        assert (cut < first) or "hello" in lines[0]


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
def test_flipped_bytes_never_raise(tmp_path: Path, kind: str) -> None:
    chance = random.Random(9)
    whole = pcap(TALKS) if kind == "pcap" else pcapng(TALKS)
    path = tmp_path / "a.pcap"
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            _, lines = decoded(path, "--all", "--images")
        except ConfigError:
            continue
        assert all(line.isprintable() for line in lines)


def test_pcapng_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    path.write_bytes(pcapng(TALKS))

    code, lines = decoded(path)

    assert code == 0
    assert "hello" in lines[0]


def pcapng(talks: list[Talk]) -> bytes:
    """Section header, one Ethernet interface, enhanced packets."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        length = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + length + body + length

    blocks = [
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack("<HHI", 1, 0, 65535)),
    ]
    for talk in talks:
        data = frame(talk)
        head = struct.pack("<IIIII", 0, 0x65000, 5, len(data), len(data))
        blocks.append(block(6, head + data))
    return b"".join(blocks)
