"""What makes a camera with video cost more than it must, for `check-config` and the log."""

from __future__ import annotations

from collections.abc import Mapping

from agent.camera.hk.address import DEFAULT_PORT
from agent.camera.hk.address import SCHEME as HK
from agent.camera.network.trust import trusting
from agent.camera.network.url import WEB, rtsp_target_of, split_url, target_of
from agent.camera.other_stream import SCHEMES, other_stream
from agent.config.error_messages import shown
from agent.core.errors import ConfigError
from agent.runtime.clock import Clock
from agent.vision.zones import view_of
from schemas.camera_config import CameraConfig


def video_notes(name: str, camera: CameraConfig, clock: Clock | None = None) -> list[str]:
    """What may be cheaper.

    Args:
        name: the camera's id.
        camera: its configuration.
        clock: the camera is asked for its other stream; None: it is not asked.
    """
    told = []
    url = (camera.record_source or camera.source).lower()
    _, _, why = camera.recorded_as.partition(": ")
    if why and url.startswith(("rtsp", "rpicam:")):
        told.append(
            f"cameras.{name}: what is recorded is decoded and encoded ({why}), a large picture"
            " for 10 to 25 ms; as the camera sends it, it costs a tenth of that at most"
        )
    if camera.record_source is None and camera.source.partition(":")[0].lower() in SCHEMES:
        told += _asked(name, camera, clock) if clock else likely_stream(name, camera)
    return told


def likely_stream(name: str, camera: CameraConfig) -> list[str]:
    """Where the other stream usually is; empty: nothing is known, or both are configured."""
    other = other_stream(camera.source) if camera.record_source is None else None
    if other is None:
        return []
    which, beside = ("small", "main") if other.main else ("main", "small")
    helps = (
        "name it as record_source"
        if other.main
        else "make that the source, this one record_source, and judging costs a fraction"
    )
    words = (
        f"cameras.{name}.source looks like the {which} stream of a {other.kind} camera; its"
        f" {beside} one is usually at {other.path} (not asked: `check-config --ask` does): {helps}"
    )
    return [words]


def likely_streams(cameras: Mapping[str, CameraConfig]) -> list[str]:
    """The same of all cameras."""
    return [note for name, camera in cameras.items() for note in likely_stream(name, camera)]


def shared_streams(cameras: Mapping[str, CameraConfig]) -> list[str]:
    """Streams that several cameras take: each opens a session of its own."""
    takers: dict[tuple[str, ...], dict[str, None]] = {}
    for name, camera in cameras.items():
        for url in filter(None, (camera.source, camera.record_source)) if camera.enabled else ():
            if (stream := _stream_of(url)) is not None:
                takers.setdefault(stream, {})[name] = None
    return [
        f"cameras {', '.join(names)} take the same stream: it is sent once for each of them, and"
        " some cameras allow one only; where one camera is enough, draw zones in it"
        for names in takers.values()
        if len(names) > 1
    ]


def _stream_of(url: str) -> tuple[str, ...] | None:
    """What two URLs of one stream share; None: it costs nothing to take it twice, or it is none."""
    scheme = url.partition(":")[0].lower()
    if scheme in {"v4l2", "rpicam"}:
        return (url,)
    try:
        parts, host, port = split_url(url, "")
        if scheme == HK:
            return HK, host, str(port or DEFAULT_PORT)
        target = target_of(url) if scheme in WEB else rtsp_target_of(parts, host, port)
    except (ConfigError, ValueError, KeyError):  # a file, a program
        return None
    return target.scheme, target.host, str(target.port), target.path


def _asked(name: str, camera: CameraConfig, clock: Clock) -> list[str]:
    """What the camera says of its streams."""
    from agent.camera.rtsp.stream_probe import ask  # loads FFmpeg

    tls = camera.tls
    trust = None if tls is None else trusting(tls.ca, insecure=tls.insecure)
    asked = ask(camera.source, trust, clock)
    if asked.source is None:
        return [f"cameras.{name}.source was asked for its streams: {shown(asked.why)}"]
    here = f"cameras.{name}: source is {_pixels(asked.source.size)}"
    mask = _mask_note(name, camera, *asked.source.size)
    if asked.other is None or asked.small is None or asked.large is None:
        why = f"; {shown(asked.why)}; it was asked no more" if asked.why else ""
        return [f"{here}; no other stream was found under the usual paths{why}", *mask]
    found = f"{shown(asked.other.url)} {_pixels(asked.other.size)}"
    put = f"`source: {shown(asked.small.url)}` and `record_source: {shown(asked.large.url)}`"
    hidden = ", with your own user and password" if "@" in asked.other.url else ""
    words = f"{here}; the camera also offers {found}: put {put}{hidden}; judging costs a fraction"
    return [words, *mask]


def _mask_note(name: str, camera: CameraConfig, width: int, height: int) -> list[str]:
    """Whether the mask is scaled to the camera's pictures, or does not fit them."""
    try:
        note = view_of(name, camera).scaled_mask(height, width)
    except ConfigError as error:
        note = str(error)
    return [f"cameras.{name}: {note}"] if note else []


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
