"""A session with an RTSP camera: SETUP and PLAY, then pictures out of its packets."""

from __future__ import annotations

import binascii
import select
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from agent.camera import error_reasons
from agent.camera.decoding import CODED, Decoding
from agent.camera.interruptible_wait import Patience
from agent.camera.network.resolve import Found
from agent.camera.rtsp import sdp
from agent.camera.rtsp.conversation import Talk
from agent.camera.rtsp.depacketizer import H264, H265, Coded, Depacketizer, Mpeg4
from agent.camera.rtsp.describe import Described
from agent.camera.rtsp.jpeg import Jpeg
from agent.camera.rtsp.rtp import Order, payload_type, says_goodbye
from agent.camera.rtsp.sound import NoSound
from agent.camera.rtsp.sound_receiver import Deafness, SoundReceiver
from agent.camera.rtsp.timeline import Timeline
from agent.camera.rtsp.transports import Ways
from agent.camera.session import MOST_BYTES, Picture
from agent.core.errors import CameraError, CameraRefused, SessionLost
from agent.core.pacing import EACH_PICTURE, Looks
from agent.core.time_allowance import Room

#: Seconds without a packet after which the camera counts as stalled.
SILENCE = 8.0
#: Seconds that a key picture is waited for while packets come; cameras send one each 1 to 10 s,
#: "smart" ones each minute.
KEY_WITHIN = 130.0
#: Seconds between reports to a camera that sends over UDP.
_REPORT = 5.0

#: Seconds. A picture comes in several packets, shortly one after the other. After the first one the
#: thread waits this time for the others, so that not each packet wakes it.
_SETTLE = 0.004
#: The same where the camera's clock stands still: each waking must be worth a picture. Pictures
#: come later by this time, all of them alike.
_SETTLE_STANDING = 0.02
#: Seconds for which nothing is taken, at most: over UDP the system has space for little.
_LONGEST, _LONGEST_UDP = 0.4, 0.05
#: Bytes that may come meanwhile: a camera must not wait for us to send on.
_MUCH = 128 * 1024
#: Pictures with planes that are handed on together, so that their receiver is woken once. Each
#: has 3 MB at 1920x1080.
_TOGETHER = 3
#: Seconds to wait while the next owner is full; then the next picture is passed on anyway.
_BUSY = 0.005

#: As `Ways.packets` numbers them.
_SOUND = 2

#: FFmpeg's names of the codecs.
_CODECS = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg", "MP4V-ES": "mpeg4"}


_NO_SOUND = ", without sound: it is recorded with H.264 and H.265 only"


def _depacketizer(media: sdp.Media, order: Order) -> Depacketizer:
    match media.codec:
        case "H264":
            return H264(media.sets("sprop-parameter-sets"), MOST_BYTES)
        case "H265":
            return H265(media.sets("sprop-vps", "sprop-sps", "sprop-pps"), MOST_BYTES)
        case "JPEG":
            return Jpeg(MOST_BYTES, media.size, lambda: order.jpeg_header)
    config = b""
    with suppress(binascii.Error, ValueError):
        config = binascii.unhexlify(media.options.get("config", ""))
    return Mpeg4(config, MOST_BYTES)


def shown(description: sdp.Description) -> list[sdp.Media]:
    """The stream that we take, in all formats that we can decode: the first such video.

    Raises:
        CameraRefused: there is none.
    """
    videos = [it for it in description.media if it.kind == "video"]
    if not videos:
        raise CameraRefused("sends no video")
    known = [it for it in videos if it.codec in _CODECS]
    if not known:
        raise CameraRefused(error_reasons.UNKNOWN_CODEC)
    return [it for it in known if it.line == known[0].line]


class _Unit(NamedTuple):
    """A coded picture, the monotonic second at which it came, and its second of the camera's."""

    picture: Coded
    at: float
    pts: float


class RtspSession:
    """One open session; see `agent.camera.session.Session`.

    Args:
        where: host and port, for messages.
        described: the camera's answer; its line is ours in every case.
        found: the camera's address.
        patience: of the source whose thread this is.
        scheme: of the URL, for messages.
        coded: H.264 and H.265 are handed on as they came, undecoded.
        udp: packets come over UDP; else only where the camera has nothing else.
        deafness: the camera's sound is wanted, too; where it cannot be had, or costs the pictures,
            these come alone. None: it is not wanted.
        batch: seconds for which pictures that nobody looks at may be collected: waking for each
            costs half as much again as decoding it.
        looks: says which pictures are looked at; those before one are collected.
        room: says whether the next owner can take a picture.
        memory: what the camera may take; None: it is alone with the machine.

    Raises:
        CameraRefused: nothing is there that we can show.
        CameraUnreachable: it cannot be opened now.
        Interrupted: by our patience.
    """

    answers = False  # whether a camera that is silent lives is not known

    def __init__(  # noqa: PLR0913  what a camera's URL and configuration say
        self,
        where: str,
        described: Described,
        found: Found,
        patience: Patience,
        scheme: str,
        *,
        coded: bool = False,
        udp: bool = False,
        deafness: Deafness | None = None,
        batch: float = 0.0,
        looks: Looks = EACH_PICTURE,
        room: Callable[[], bool] = lambda: True,
        memory: Room | None = None,
    ) -> None:
        self._room = room
        self._batch, self._looks = batch, looks
        self._sleep = select.poll()  # a sleep without the locks of `threading`
        self._where, self._patience = where, patience
        self._clock = patience.clock
        self._talk = Talk(described, patience, scheme)
        self._ways = Ways(self._talk, found, scheme)
        self._uri, self._base = described.base, described.base
        self._hearing: SoundReceiver | None = None
        self._note = ""
        try:
            description = sdp.parse(described.body)
            formats = shown(description)
            media = formats[0]
            self._uri = sdp.joined(described.base, description.control)
            self._ways.set_up(sdp.joined(self._base, media.control), udp=udp)
            if deafness is not None and deafness.hears(self._clock.monotonic()):
                self._hearing, self._note = self._set_up_sound(description, media)
            elif deafness is not None:
                self._note = ", without sound: with it no picture came"
            self._deafness = deafness
            self._play(scheme)
        except BaseException:
            self._hang_up()
            raise
        # the first packet says which one it is
        self._offered = {it.payload: it for it in formats} if len(formats) > 1 else {}
        self._memory, self._coded = memory, coded
        self._understand(media)
        self._units: deque[_Unit] = deque()  # of one read, at most some 100 kB
        self._ready: deque[Picture] = deque()
        self._at = self._clock.monotonic()  # of the last picture
        self._broken = 0
        self._began = self._came_at = self._reported = self._alive_at = self._clock.monotonic()

    @property
    def damaged(self) -> int:
        """Pictures that came broken."""
        return self._broken + self._decoding.damaged

    @property
    def damaged_sound(self) -> int:
        """Units of sound that came broken."""
        return self._hearing.damaged if self._hearing else 0

    @property
    def silence(self) -> float:
        """Seconds without a picture that are borne: more while all but a key picture comes."""
        if self._decoding.started:
            return SILENCE
        return min(KEY_WITHIN, self._came_at - self._began + SILENCE)

    @property
    def why(self) -> str:
        """Why no picture comes."""
        came = self._clock.monotonic() - self._came_at < SILENCE
        return "no key picture came" if came and not self._decoding.started else "nothing comes"

    def read(self) -> Picture | None:
        """The next picture; None when none came within a step."""
        if not self._ready and not self._units:
            self._patience.look()
            self._stay_alive()
            try:
                self._take()
            except SessionLost as error:
                raise SessionLost(f"{self._where}: {error}") from error
        if not self._ready and self._units:
            if not self._room():
                self._patience.wait(_BUSY)
            planes = 0
            while self._units and planes < _TOGETHER:
                planes += self._show(self._units.popleft())
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Says goodbye and lets go of everything."""
        self._decoding.close()
        self._hang_up()

    def _hang_up(self) -> None:
        self._talk.goodbye(self._uri)
        self._ways.close()

    # ------------------------------------------------------------ opening

    def _set_up_sound(
        self, description: sdp.Description, pictures: sdp.Media
    ) -> tuple[SoundReceiver | None, str]:
        """Asks for the sound, too; what is said of it."""
        offered = [it for it in description.media if it.kind == "audio"]
        why = "the camera offers none"
        if _CODECS[pictures.codec] not in CODED:
            return None, _NO_SOUND
        for media in offered:
            try:
                receiver = SoundReceiver(media, pictures.rate, waits=self._ways.over_udp)
                uri = sdp.joined(self._base, media.control)
                self._ways.set_up(uri, udp=self._ways.over_udp)
            except (NoSound, CameraError) as error:
                why = str(error)
                continue
            return receiver, f", with {receiver.format.codec} of {receiver.format.rate} Hz"
        return None, f", without sound: {why}"

    def _play(self, scheme: str) -> None:
        head = self._talk.ask("PLAY", self._uri, "Range: npt=0.000-")
        if not 200 <= head.status < 300:
            raise error_reasons.rtsp_error(scheme, head.status, head.phrase)

    # ------------------------------------------------------------ packets

    def _understand(self, media: sdp.Media) -> None:
        """Pictures are in this format from now on."""
        codec = _CODECS[media.codec]
        self._order = Order(media.payload, waits=self._ways.over_udp)
        self._timeline = Timeline(media.rate)
        self._pictures = _depacketizer(media, self._order)
        self._decoding = Decoding(
            self._where, codec, self._memory, coded=self._coded, looks=self._looks
        )
        if codec not in CODED and self._hearing is not None:
            self._hearing, self._note = None, _NO_SOUND

    def _choose(self, came: list[bytes]) -> None:
        """Takes the format in which the camera sends, of several that it offered."""
        media = next(filter(None, (self._offered.get(payload_type(it)) for it in came)), None)
        if media is not None:
            self._offered = {}
            self._decoding.close()
            self._understand(media)

    def _take(self) -> None:
        """Takes what has come; waits a step at most."""
        pause = self._pause()
        if pause > _SETTLE:
            self._sleep.poll(1000 * pause)
        settle = _SETTLE_STANDING if self._timeline.stands else _SETTLE
        self._talk.settle = 0.0 if pause > _SETTLE else settle
        packets = self._ways.packets()
        at = self._clock.monotonic()  # they were taken together
        came = [data for channel, data in packets if not channel]
        if len(came) < len(packets) and any(map(self._ends, packets)):
            raise SessionLost("the camera ended its stream")
        if came:
            self._came_at = at
        if self._offered:
            self._choose(came)
        if self._hearing is not None:
            self._hear(self._hearing, packets, at)
        self._pictured(came, at)

    def _ends(self, packet: tuple[int, bytes]) -> bool:
        return packet[0] == 1 and says_goodbye(packet[1], self._order.source)

    def _pause(self) -> float:
        """Seconds for which nobody needs what comes; 0 where only its arrival has a time."""
        if self._timeline.stands:
            return 0.0
        longest = _LONGEST_UDP if self._ways.over_udp else _LONGEST
        pause = min(
            longest, self._ways.bears, self._batch or self._looks.pause(self._clock.monotonic())
        )
        return pause * min(1.0, _MUCH / max(1, self._talk.taken))

    def _pictured(self, came: list[bytes], at: float) -> None:
        """Takes the pictures that the packets complete, which were taken together at `at`.

        Each gets the time at which it came, as far as known. The last one came now. The others came
        before it by as much as the camera's clock says, but not before the last one of those taken
        before.
        """
        pictures = self._pictures.add_all(self._order.add_all(came))
        seconds = []
        for picture in pictures:
            pts = self._timeline.seconds(picture.timestamp, at)
            if self._hearing is not None:
                self._hearing.picture(picture.timestamp, self._timeline, pts, at)
            seconds.append(pts)
        for picture, pts in zip(pictures, seconds, strict=True):
            self._at = max(self._at, at - max(0.0, seconds[-1] - pts))
            self._units.append(_Unit(picture, self._at, pts))

    def _hear(self, receiver: SoundReceiver, packets: list[tuple[int, bytes]], at: float) -> None:
        """Takes the sound's packets, and what the camera says of the time of both."""
        for channel, data in packets:
            if channel == _SOUND:
                receiver.add(data, at)
            elif channel in {1, _SOUND + 1}:
                receiver.report(data, sound=channel > _SOUND)

    def _show(self, unit: _Unit) -> int:
        """How many pictures with planes are ready because of it."""
        if unit.picture.data:
            found = self._decoding.take(*unit)
            if self._hearing is not None:
                found = self._with_sound(found, self._hearing)
            if found and self._note:
                found[0], self._note = found[0]._replace(note=self._note), ""
            if found and self._deafness is not None:
                self._deafness.pictured(self._clock.monotonic())
            self._ready.extend(found)
            return sum(it.decoded is not None for it in found)
        self._broken += 1
        if self._decoding.started:
            self._began = unit.at  # a key picture is waited for from now on
        self._ready.extend(self._decoding.lost())
        return 0

    def _with_sound(self, found: list[Picture], receiver: SoundReceiver) -> list[Picture]:
        """The pictures; the first of them has the sound that came since the one before."""
        made = []
        for picture in found:
            video = picture.video
            if video is not None:
                video = replace(video, sound=receiver.take())
            made.append(picture._replace(video=video))
        return made

    def _stay_alive(self) -> None:
        now = self._clock.monotonic()
        if now - self._alive_at >= self._ways.alive_every:
            self._alive_at = now
            try:
                self._talk.keep_alive(self._uri)
            except SessionLost as error:
                raise SessionLost(f"{self._where}: {error}") from error
        if self._ways.over_udp and now - self._reported >= _REPORT:
            self._reported = now
            self._ways.greet()
