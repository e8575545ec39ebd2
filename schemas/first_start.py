"""What the page asks and answers while somebody sets up the first camera."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from schemas.base import Payload, Strict
from schemas.page_config import SHORTEST_PASSWORD

#: Sources that somebody at the page may name. `exec:` would start any program, `file:` read any
#: file: those are for the author of the configuration file.
_SOURCE = re.compile(
    r"(hk|https?|rtsp[suh]?)://[^\s\x00-\x1f\x7f]+|v4l2:/dev/video\d{1,3}|rpicam:(\?[a-z0-9=&]*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:]{2,45}\](:\d{1,5})?")


def _usable_source(value: str) -> str:
    if _SOURCE.fullmatch(value) is None:
        raise ValueError("write rtsp://…, http://…, hk://HOST, v4l2:/dev/video0 or rpicam:")
    return value


def _usable_host(value: str) -> str:
    if _HOST.fullmatch(value.strip()) is None:
        raise ValueError("write a name or an address, with :PORT if it is an unusual one")
    return value.strip()


def _usable_broker(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_.:-]{1,253}", value) is None or value.count(":") == 1:
        raise ValueError("write a name or an address alone; the port has a field of its own")
    return value


def _usable_path(value: str) -> str:
    if not value.startswith("/") or "\0" in value or ".." in PurePosixPath(value).parts:
        raise ValueError("write the whole path, from / on, without ..")
    return value


def _plain(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has a character that cannot be shown")
    return value


Text = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
Source = Annotated[str, Field(max_length=2000), AfterValidator(_usable_source)]
Host = Annotated[str, Field(max_length=300), AfterValidator(_usable_host)]
Folder = Annotated[str, Field(max_length=1000), AfterValidator(_usable_path)]
Secret = Annotated[SecretStr, Field(max_length=200)]


class SetupView(Payload):
    """Where a first configuration would go."""

    file: str = Field(description="the configuration file that would be written")
    written: bool = Field(description="it is there: what is left is to start with it")
    store: str = Field(description="a folder that may be the image store")
    problem: str = Field(description="why the file cannot be written; empty: it can")


class Guess(Strict):
    """Try the usual paths of cameras on one host of the own network."""

    host: Host
    user: Text = ""
    password: Secret = SecretStr("")


class CameraFound(Strict):
    """A camera that answered; `source` has no user and no password."""

    name: str
    source: str


class CamerasFound(Payload):
    """What a search came to."""

    ok: bool
    message: str
    cameras: list[CameraFound] = Field(default_factory=list)


class CameraTry(Strict):
    """Open a camera and take one picture."""

    source: Source


class Tried(Payload):
    """What became of a try; nothing of what was tried is in it."""

    ok: bool
    message: str
    picture: str = Field("", description="of a camera: a JPEG in base64")
    make: bool = Field(False, description="of a store: the folder is not there and can be made")


class BrokerTry(Strict):
    """Log in at a broker."""

    host: Annotated[str, AfterValidator(_usable_broker)]
    port: int = Field(1883, ge=1, le=65535)
    user: Text = ""
    password: Secret = SecretStr("")
    tls: bool = False


class StoreTry(Strict):
    """Look whether a folder can be the image store."""

    path: Folder
    make: bool = Field(False, description="make the folder if it is not there")


class FirstCamera(Strict):
    """The first camera."""

    name: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
    source: Source


class FirstConfig(Strict):
    """The whole first configuration."""

    camera: FirstCamera
    broker: BrokerTry | None = Field(None, description="none: the agent tries 127.0.0.1")
    store: Folder | None = Field(None, description="none: nothing is recorded")
    user: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_plain)]
    password: SecretStr = Field(
        min_length=SHORTEST_PASSWORD, max_length=200, description="logs in at the page"
    )


class Written(Payload):
    """What became of the configuration."""

    ok: bool
    message: str
    camera: str = Field("", description="its id")
    yaml: str = Field("", description="the file as it would be, with a mark for each secret")
