"""What is fuzzed: bytes in, and a promise that holds whatever they are.

Each target is a function of bytes that raises `AssertionError` (or anything else) when a promise of
the code is broken, and seeds: inputs from which a fuzzer starts. The short test and `script/fuzz`
use the same ones. A target costs milliseconds and has no state.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import struct
import tempfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import yaml

from agent.audio.sound_urls import NotFetched, place_of
from agent.audio.tones import LONGEST_PLAY, MAX_SECONDS, NoSound, read_wav, tone_from_wav
from agent.camera.hk import packets
from agent.camera.hk.assembler import Assembler
from agent.camera.hk.assembler2 import WideAssembler
from agent.camera.hk.datagram_names import describe
from agent.camera.hk.discovery_packets import answer, parse_answer, question
from agent.camera.hk.jpeg_splitter import BROKEN_MOST
from agent.camera.hk.link import CameraLink, Ended
from agent.camera.hk.link2 import SecondLink
from agent.camera.http.auth import Credentials, UnknownChallenge
from agent.camera.http.body import Body, Bomb
from agent.camera.http.head import Head, NoHttp, parse_head
from agent.camera.http.multipart import PictureCutter
from agent.camera.network.url import Target as Place
from agent.camera.network.url import joined as moved
from agent.config.loader import load
from agent.core import anchors
from agent.core.engine import begin, step
from agent.core.errors import ConfigError
from agent.core.messages import Detection, Reason, Received
from agent.core.moments import moment_of
from agent.core.state import CameraSetup, Now, Setup
from agent.imaging.jpeg import allowed, decode_luma, dimensions, stored_jpeg
from agent.imaging.orientation import Orientation
from agent.mqtt.payloads import MAX_PAYLOAD
from agent.mqtt.router import Ignored, parse
from agent.runtime.framing import LIMIT, BadMessage, Message, Unpacker, pack
from agent.runtime.health_file import NAME, read_health
from agent.storage.container import matroska
from agent.storage.container.h264 import Codec, access_unit
from agent.storage.day.checkpoint import slot_content
from agent.storage.day.manifest import parse as manifest_lines
from agent.storage.day.recovery import recover
from agent.storage.recording.encoder import ClipEncoder, still
from agent.storage.records import BadRecord, decode, encode
from agent.storage.verify.anchor import against
from agent.storage.verify.store import verify_store
from agent.verdicts import block as verdicts
from agent.verdicts.curve import MOST_SPANS, Past
from agent.verdicts.explanation import explain
from agent.verdicts.state import State, Stored
from agent.vision.detector.masks import load_mask
from schemas.settings import CameraSettings, StoredSettings
from schemas.topics import AgentTopics
from tests.fuzz.doors import DOORS
from tests.fuzz.target import Target, joined, pieces
from tests.support.clock import FakeClock
from tests.support.datagrams import stream
from tests.support.jpegs import jpegs
from tests.support.recordings import event, whole_event

NOW = Now(100.0, datetime(2026, 11, 22, 8, 15, tzinfo=UTC))
TOPICS = AgentTopics("surveillance", "pi")
CAMERA = "yard"
#: Bounds a target's own work: larger pictures are decoded elsewhere.
SMALL = 200 * 200


# ------------------------------------------------------------------ the camera


def check_packets(data: bytes) -> None:
    """What is understood as a packet is that packet and no other."""
    packet = packets.decode(data)
    if packet is not None:
        assert packets.encode(packet) == data


def check_link(data: bytes) -> None:
    """An attempt in either dialect ends, whatever the peer says, and says little itself."""
    for link in (CameraLink(tag=3, now=0.0), SecondLink("00c100000001", now=0.0)):
        now, said = 0.0, 0
        for datagram in pieces(data):
            now += 0.01
            link.receive(datagram, now)
            link.tick(now)
            sent = link.to_send()
            said += len(sent)
            assert all(len(each) <= packets.PACKET_MAX for each in sent)
            if any(isinstance(event, Ended) for event in link.events()):
                break
        assert said <= 30 + 2 * now / 0.01
        for _ in range(200):  # 12 s of silence, with a poll every 0.17 s
            now = max(now, min(link.next_tick(), now + 100.0))
            link.tick(now)
        assert link.is_over


def check_assembler(data: bytes) -> None:
    """Frames are whole, the buffer is bounded, and so is the work of one datagram."""
    limit = 20_000
    for assembler in (Assembler(limit=limit), WideAssembler(limit=limit)):
        for datagram in pieces(data):
            before = assembler.counts.damaged
            for frame in assembler.push(datagram):
                assert frame.startswith(b"\xff\xd8\xff")
                assert frame.endswith(b"\xff\xd9")
            assert assembler.buffered <= limit + 20 * packets.DATAGRAM_MAX
            # each datagram that waited may hold some hundred tiny pictures, none more headers
            worst = 20 * (BROKEN_MOST + packets.DATAGRAM_MAX // 8)
            assert assembler.counts.damaged - before <= worst
        assembler.settle()


def check_strangers(data: bytes) -> None:
    """Answers to a search, and any datagram of a capture, are named in printable words."""
    found = parse_answer(data, "10.0.0.9", "marker")
    if found is not None:
        assert 0 <= found.port < 65536
        assert (found.hkid + found.name + found.kind).isprintable()
    assert describe(data).text().isprintable()


def check_multipart(data: bytes) -> None:
    """An HTTP body is cut into JPEGs however it comes, and little is kept of it."""
    limit = 5_000
    for boundary in ("cut", ""):
        cutter = PictureCutter(boundary, limit)
        out = 0
        for piece in pieces(data):
            for jpeg in cutter.push(piece):
                assert jpeg.startswith(b"\xff\xd8")
                assert jpeg.endswith(b"\xff\xd9")
                out += 1
            assert len(cutter._buffer) <= limit + 2 * packets.DATAGRAM_MAX
            assert cutter.missing >= 1
            assert cutter.why.isprintable()
        assert cutter.found == out
        cutter.finish()
        assert cutter.partial == 0


def check_answer(data: bytes) -> None:
    """A web camera's answer has a head or none, a body that does not grow, and known challenges."""
    came, head = b"", None
    for piece in pieces(data):
        if head is None:
            came += piece
            try:
                parsed = parse_head(came)
            except NoHttp:
                return
            if parsed is None:
                continue
            head, came = parsed[0], b""
            body, taken, made = Body(head), 0, 0
            piece = parsed[1]  # noqa: PLW2901  what lies behind the head
            _check_head(head)
        taken += len(piece)
        try:
            made += len(body.push(piece))
        except Bomb:
            return
        assert made <= 20 * taken + 200_000


def _check_head(head: Head) -> None:
    assert 0 <= head.status <= 999
    assert head.length is None or head.length >= 0
    assert isinstance(head.boundary + head.kind, str)
    credentials = Credentials("us:er", "pässword")
    with suppress(UnknownChallenge):
        credentials.challenged(head.all("www-authenticate"))
        assert (credentials.answer("GET", "/x") or "").encode("latin-1")
    with suppress(ValueError):
        target = moved(Place("http", "cam", 80, "/a?b"), head.get("location"))
        assert (target.host + target.path).isascii()
        assert (target.host + target.path).isprintable()


def check_jpeg(data: bytes) -> None:
    """A picture is refused, or decoded to the size that its header said."""
    size = dimensions(data)
    assert size is None or allowed(*size)
    if size is not None and size[0] * size[1] > SMALL:
        return
    luma = decode_luma(data)
    if luma is not None:
        assert luma.shape == size
    stored = stored_jpeg(data, Orientation(180), 5_000)
    assert stored is None or dimensions(stored) is not None
    still(Orientation(0, flip_h=True), data, "2026-11-22 08:15:01")
    unit = ClipEncoder(Orientation(180)).encode(data, "2026-11-22 08:15:01", key=True)
    assert size is not None or (luma is None and stored is None and unit is None)


# ------------------------------------------------------------------ the broker


def check_commands(data: bytes) -> None:
    """Every message is obeyed, refused or ignored; the answer is short."""
    topics = COMMAND_TOPICS
    topic = topics[data[0] % len(topics)] if data else topics[0]
    payload = data[1:]
    received = Received(topic, payload, retain=False, at=NOW.at, response_topic="r", live=True)
    understood = parse(received, TOPICS, [CAMERA])
    if isinstance(understood, Ignored):
        assert not payload
        return
    setup = Setup(TOPICS, "Pi", "1", NOW.utc, (CameraSetup(CAMERA, CameraSettings()),))
    state, _ = begin(setup, StoredSettings(), {}, (), NOW)
    state, effects = step(state, understood, NOW)
    assert effects
    for effect in effects:
        told = getattr(effect, "payload", b"")
        assert getattr(effect, "retain", False) or len(told) < 4 * MAX_PAYLOAD


# ------------------------------------------------------------------ files of the operator


def check_configuration(data: bytes) -> None:
    """A configuration is good, or every mistake is a line of a `ConfigError`."""
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(data)
        file.flush()
        with suppress(ConfigError):
            load(Path(file.name), {})


def check_mask(data: bytes) -> None:
    """A mask is an array, or a `ConfigError`."""
    if data[:4] == b"\x89PNG" and len(data) > 24:  # a large one is decoded elsewhere
        width, height = struct.unpack_from(">II", data, 16)
        if width * height > SMALL:
            return
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(data)
        file.flush()
        with suppress(ConfigError):
            assert load_mask(Path(file.name), Orientation(180)).grey.ndim == 2


def check_wav(data: bytes) -> None:
    """A sound is one of at most ten seconds, or a `ConfigError`."""
    with suppress(ConfigError):
        assert 0 < tone_from_wav(data, "x", 0.5).seconds <= MAX_SECONDS
    with suppress(NoSound):
        assert 0 < read_wav(data, 0.5, LONGEST_PLAY).seconds <= LONGEST_PLAY


def check_sound_url(data: bytes) -> None:
    """A URL leads to a host and a port, or is refused."""
    with suppress(NotFetched):
        place = place_of(data.decode(errors="replace"), None)
        assert place.host
        assert 0 <= place.port < 65_536
        assert place.target.startswith("/")
        assert place.target.isprintable()


# ------------------------------------------------------------------ our own files, and the child


def check_records(data: bytes) -> None:
    """JSON and body with a right checksum are a record, or a `BadRecord`."""
    length = int.from_bytes(data[:2], "big") % max(1, len(data))
    rest = struct.pack(">I", length) + data[2:]
    with suppress(BadRecord):
        record = decode(b"SAR1" + struct.pack(">I", zlib.crc32(rest)) + rest)
        assert decode(encode(record)) == record


def check_pipe(data: bytes) -> None:
    """A stream is cut into messages, or ends with a `BadMessage`."""
    unpacker = Unpacker()
    unpacker.feed(data)
    with suppress(BadMessage):
        while (message := unpacker.next()) is not None:
            assert isinstance(message.says, dict)
            assert len(message.body) <= LIMIT


def sealed(covered: bytes, text: bytes) -> bytes:
    """A note with whatever text, and a right checksum."""
    body = b"surveillancenote" + struct.pack(">II", zlib.crc32(covered), len(covered)) + text
    return struct.pack(">I4s", 8 + len(body), b"uuid") + body


def check_film(data: bytes) -> None:
    """Recovery of a day's file never fails, and what it found can be written down again."""
    kind, content = (data[0] % 3, data[1:]) if data else (0, b"")
    film = FILM
    if kind == 0:
        film = content
    elif kind == 1:  # a fragment whose note says anything
        moof_at = film.index(b"moof") - 4
        end = film.index(b"uuid", moof_at) - 4
        film = film[:end] + sealed(film[moof_at:end], content)
    else:  # a table whose note says anything
        moov_at = film.index(b"moov") - 4
        (length,) = struct.unpack_from(">I", film, moov_at)
        covered = film[moov_at : moov_at + length + 8]
        note = sealed(covered, content)
        film = film[:moov_at] + covered + note + film[moov_at + len(covered) + len(note) :]
        film = film[:32] + struct.pack(">I4sQ", 1, b"free", moov_at - 32) + film[48:]
    found = recover(lambda size, at: film[at : at + size] if at >= 0 else b"", len(film), SLOT)
    if found.state is not None:
        slot_content(found.state, 0)
        list(found.state.events)


def check_verdicts(data: bytes) -> None:
    """The log of verdicts: damaged bytes are no block, and no block leads to a traceback."""
    size = len(data) // 2
    whole = verdicts.Found(0, size, 1.7e9, 1.7e9 + 30, 0, zlib.compress(data))
    found = [*verdicts.blocks_in(data), *verdicts.blocks_in(data[size:]), whole]
    blocks = [block for it in found if (block := verdicts.unpack(it)) is not None]
    past = Past(1.7e9, 1.7e9 + 86400)
    for block in blocks:
        past.add(block)
        assert len(block.verdicts) == len(block.table())
        assert verdicts.unpack(next(verdicts.blocks_in(verdicts.pack(block)))) is not None
    assert len(past.spans()) <= MOST_SPANS
    moment = moment_of(datetime.fromtimestamp(1.7e9 + 5, UTC))
    said = explain(blocks, moment, datetime.fromtimestamp(1.8e9, UTC), 1.7e9)
    assert said.sentences
    json.dumps(said.to_data())


def check_matroska(data: bytes) -> None:
    """Whole clusters are found, and nothing else is."""
    for resync in (False, True):
        for item in matroska.walk(
            lambda size, at: data[at : at + size], 0, len(data), resync=resync
        ):
            assert 0 <= item.at < item.end <= len(data)
    matroska.marked_end(data)


def check_small_files(data: bytes) -> None:
    """Manifest, health file, encoder output: read as far as they make sense."""
    for line in manifest_lines(data):
        assert line.entry is None or isinstance(line.entry, dict)
    access_unit(data)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / NAME).write_bytes(data)
        well, text = read_health(Path(folder), now=100.0)
        assert text
        assert not well or b"boot_id" in data


def check_verify(data: bytes) -> None:
    """A store with anything in it, and any anchor, end `verify` in printable lines."""
    kind, content = (data[0] % len(PLACES), data[1:]) if data else (0, b"")
    with tempfile.TemporaryDirectory() as folder:
        day = Path(folder) / CAMERA / "2026-11-22"
        (day / "events").mkdir(parents=True)
        anchor = Path(folder).with_suffix(".json")
        anchor.write_bytes(content if kind == 0 else ANCHOR)
        if PLACES[kind] == "name":
            name = content.replace(b"/", b"_").replace(b"\0", b"_")[:200]
            with suppress(OSError):
                (day / "events" / os.fsdecode(name or b"x")).write_bytes(content)
        elif kind:
            place = day / PLACES[kind]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_chained(content) if data[0] & 128 else content)
        try:
            compared = against(str(anchor), b"key")
        except ConfigError as error:
            assert kind == 0
            compared = None
            str(error).encode(errors="backslashreplace")
        for each in (None, compared):
            report = verify_store(Path(folder), each)
            assert all(line.isprintable() and len(line) < 8000 for line in report.lines())
        anchor.unlink()


def _chained(lines: bytes) -> bytes:
    """Manifest lines of whatever JSON, with right checksums and links."""
    made, before = b"", None
    for number, line in enumerate(lines.split(b"\n"), 1):
        link = json.dumps({"seq": number, "prev": before}).encode()[1:-1]
        body = line.strip()[:-1] if line.strip().endswith(b"}") else b'{"id":"A"'
        said = body + b"," + link
        raw = said + b',"crc":"%08x"}' % zlib.crc32(said)
        before = hashlib.sha256(raw).hexdigest()
        made += raw + b"\n"
    return made


# ------------------------------------------------------------------ where to start

#: Where `check_verify` puts its bytes, inside a day; the first one is the anchor.
PLACES = (
    "anchor",
    "events.jsonl",
    "notes.jsonl",
    "2026-11-22.mp4",
    "2026-11-22-2.mkv",
    "name",
    "../../.surveillance-store",
    "../../.surveillance-cameras/yard",
)
_HEADS = anchors.Head(1, "0" * 64), anchors.Head(1, "1" * 64)
_DAY_ANCHOR = anchors.DayAnchor("2026-11-22", *_HEADS, "A")
ANCHOR = json.dumps(
    anchors.CameraAnchor(
        "x",
        "pi",
        CAMERA,
        "2026-11-22T09:00:00+00:00",
        "2026-11-22T09:00:00+00:00",
        settled=True,
        days=(_DAY_ANCHOR,),
    ).wire()
).encode()
COMMAND_TOPICS = (
    *(TOPICS.request(word) for word in ("arm", "settings", "snapshot", "events", "status", "x")),
    *(TOPICS.camera(CAMERA).setting_set(name) for name in CameraSettings.model_fields),
    TOPICS.camera(CAMERA).snapshot_take,
    TOPICS.beep_play,
    TOPICS.restart,
    TOPICS.setting_set("beep_enabled"),
)

CONFIGURATION = """
agent: {id: attic, name: "Attic", state_dir: /var/lib/x, trust_clock: always}
mqtt: {host: 127.0.0.1, port: 8883, username: u, password: p, tls: {ca: /x, insecure: true}}
store: {path: /mnt/imagestore, retention_days: 4, spool: {max_size: 256 MiB}}
beep: {enabled: true, volume: 0.5}
cameras:
  yard: &yard
    source: "hk://10.0.0.9?ack=counter"
    rotate: 180
    privacy: [[[0, 0], [1, 0], [1, 1]]]
  door: {<<: *yard, detection: {profile: seed, min_changed: 1.5}, zones: {a: {polygon: []}}}
"""

SLOT = 2048


def _verdict_content() -> bytes:
    """What is compressed in a block."""
    block = next(verdicts.blocks_in(_verdicts()))
    return zlib.decompress(block.body)


def _verdicts() -> bytes:
    """A block of the log with frames, a state and a stored clip."""
    opened = verdicts.OpenBlock("a", 1.7e9, 0.0, State(away="gone"), sure=True)
    for n in range(4):
        found = Detection(n, n / 3, n == 3, Reason.QUIET, score=0.1, min_changed=0.1, largest=0.05)
        opened.judged(found)
    opened.is_so(State(event="E1"), 2.0)
    opened.knows(Stored(1.7e9, "a/b.mp4"))
    return verdicts.pack(opened.closed(30.0))


def _film() -> bytes:
    """A day's file of one event with slots of 2 kB."""
    from agent.storage.day.mp4_file import open_day_file

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            film = open_day_file(descriptor, "x.mp4", FakeClock(), first_slot=SLOT)
            for fragment in event("A1", 0, 4):
                film.append(fragment)
            film.close()
            return (folder / "x.mp4").read_bytes()
        finally:
            os.close(descriptor)


def _unsealed(record: bytes) -> bytes:
    """The input from which `check_records` makes this record."""
    return record[10:]  # magic, checksum, and the upper half of the length are added there


def _pictures() -> tuple[bytes, ...]:
    scene = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    options: tuple[list[int], ...] = (
        [],
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        [cv2.IMWRITE_JPEG_RST_INTERVAL, 2],
    )
    grey = cv2.imencode(".jpg", scene[:, :, 0])[1].tobytes()
    return (grey, *(cv2.imencode(".jpg", scene, o)[1].tobytes() for o in options))


def _session() -> bytes:
    """What a camera says to a client that it likes."""
    status = packets.encode(packets.Packet(packets.KIND_STATUS_REPLY, code=1, tag=3))
    text = packets.encode(packets.Packet(packets.KIND_COMMAND, code=1, text=b"AsCode=0;" * 5))
    return joined([status, status, text, text, *stream(jpegs(2, 3000)), packets.SESSION_DELETE])


def _wav() -> bytes:
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(200))
    return file.getvalue()


def _answer_of(*parts: bytes) -> bytes:
    return joined(list(parts))


FILM = _film()
_PART = b"--cut\r\nContent-Type: image/jpeg\r\n"
_MULTIPART = b"".join(
    _PART + (b"Content-Length: %d\r\n" % len(each) if counted else b"") + b"\r\n" + each + b"\r\n"
    for counted in (False, True)
    for each in jpegs(2, 800)
)
_ZIPPED = gzip.compress(bytes(3000))
ANSWERS = (
    _answer_of(
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n",
        _MULTIPART[:1500],
    ),
    _answer_of(b"HTTP/1.0 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", b"0\r\n\r\n"),
    _answer_of(b"HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n", _ZIPPED),
    _answer_of(b"HTTP/1.1 302 X\r\nLocation: http://cam:81/b%20c?d\r\nX : y\r\n  z\r\n\r\n", b""),
    _answer_of(
        b'HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm="a", Digest realm="b", nonce="c",'
        b' qop="auth", algorithm=SHA-256\r\n\r\n',
        b"",
    ),
)
_TABLE = (
    b'\2{"generation":1,"fragments":1,"clock":1,"end":9000,"slots":[56,2048],"current":0,'
    b'"events":[["A","x",1,0,40,1,9000,9100,0]]}'
)
_MASK = cv2.imencode(".png", np.full((48, 64), 255, np.uint8))[1].tobytes()

TARGETS: dict[str, Target] = {
    "packets": Target(check_packets, (packets.HELLO, packets.RESOURCE_REQUEST, packets.FIRST_ACK)),
    "link": Target(check_link, (_session(),)),
    "assembler": Target(
        check_assembler,
        (
            joined(list(stream(jpegs(3, 3000)))),
            joined(list(stream(jpegs(2, thumbnail=b"\xff\xd8")))),
        ),
    ),
    "strangers": Target(
        check_strangers,
        (
            answer(question("x", 5000, 0.0), "00c100000001", 5000, "Door") or b"",
            packets.RESOURCE_REQUEST,
        ),
    ),
    "multipart": Target(
        check_multipart, (joined([_MULTIPART[n : n + 700] for n in range(0, 4000, 700)]),)
    ),
    "answer": Target(check_answer, ANSWERS),
    "jpeg": Target(check_jpeg, _pictures()),
    "commands": Target(
        check_commands,
        (
            b'\0{"camera":"yard","value":true,"transaction":"t"}',
            b'\1{"camera":"yard","values":{"min_changed":1.5,"armed":null}}',
            b'\3{"since":12}',
            b"\7 0.5 ",
            b"\6ON",
        ),
    ),
    "configuration": Target(
        check_configuration, (CONFIGURATION.encode(), yaml.safe_dump({"cameras": {}}).encode())
    ),
    "mask": Target(check_mask, (_MASK,)),
    "wav": Target(check_wav, (_wav(),)),
    "sound_url": Target(check_sound_url, (b"http://[fd00::1]:8123/a.wav?b=%20", b"https://nas")),
    "records": Target(
        check_records, tuple(_unsealed(encode(each)) for each in whole_event("A1", 0, 4))
    ),
    "pipe": Target(check_pipe, (pack(Message({"do": "tick"}, b"body")) * 2,)),
    "film": Target(
        check_film,
        (
            b"\0" + FILM,
            b'\1{"event":"A","k":0,"started":"x","first_ms":1,"codec":["01",2,2]}',
            _TABLE,
        ),
    ),
    "verdicts": Target(check_verdicts, (_verdicts(), _verdict_content())),
    "matroska": Target(check_matroska, (matroska.head(Codec(b"", 64, 48)),)),
    "verify": Target(
        check_verify,
        (
            b"\0" + ANCHOR,
            b'\x81{"id":"A","files":{"clip":{"name":"events/081501_A.mp4","size":3,"sha256":"%s"}},'
            b'"day":[{"file":"2026-11-22.mp4","position_ms":0,"length_ms":9}]}\n{"id":"B"}'
            % (b"0" * 64),
            b'\x82{"picture":"monitoring/081501.jpg","size":1,"sha256":"%s"}\n'
            b'{"keep":"A","value":true}\n{"purged":true}' % (b"0" * 64),
            b"\3" + FILM,
            b"\4" + matroska.head(Codec(b"", 64, 48)),
            b"\5081501_A.mp4",
            b'\6{"uuid":"6b1f2f0e-0000-4000-8000-000000000000"}',
            b'\7{"uuid":"x","agent":"pi","earlier":[],"crc":"0"}',
        ),
    ),
    "small_files": Target(
        check_small_files,
        (
            b'{"id":"A","seq":1}\n{"keep":"A","value":true}\n',
            b"\0\0\1\x67abcd\0\0\1\x68ab\0\0\1\x65x",
        ),
    ),
    **DOORS,
}
