"""What a device page shows beside entities, and never a password."""

from __future__ import annotations

import socket

import pytest
from pydantic import SecretStr

from agent.service.device_facts import address_of_camera, kind_of_camera, page_address
from schemas.page_config import PageConfig

TOKEN = SecretStr("x" * 20)


@pytest.mark.parametrize(
    ("source", "kind", "address"),
    [
        ("hk://192.168.1.2", "UDP camera", "192.168.1.2"),
        ("rtsp://me:secret@cam.lan:554/stream1", "RTSP camera", "cam.lan:554"),
        ("http://me:secret@[fe80::1]/video", "HTTP camera", "[fe80::1]"),
        ("v4l2:/dev/video0", "USB camera", "/dev/video0"),
        ("rpicam:", "Raspberry Pi camera", None),
        ("exec:ffmpeg -i secret", "Program", None),
        ("demo:", "Demo", None),
        ("rtsp://me:secret@cam:port/", "RTSP camera", None),
    ],
)
def test_kind_and_address_are_those_of_the_source(
    source: str, kind: str, address: str | None
) -> None:
    assert kind_of_camera(source) == kind
    assert address_of_camera(source) == address


@pytest.mark.parametrize(
    ("config", "address"),
    [
        (None, None),
        (PageConfig(token=TOKEN), None),
        (PageConfig(token=TOKEN, bind="192.168.1.9"), "http://192.168.1.9:8655/"),
        (PageConfig(token=TOKEN, url="https://cam.example/cctv"), "https://cam.example/cctv/"),
        (PageConfig(token=TOKEN, bind="192.168.1.9", https=True), None),
        (PageConfig(ingress=True, bind="192.168.1.9"), None),
    ],
)
def test_visit_leads_to_the_page_where_others_reach_it(
    config: PageConfig | None, address: str | None
) -> None:
    assert page_address(config) == address


def test_a_page_on_every_address_is_reached_by_the_machines_name() -> None:
    config = PageConfig(token=TOKEN, bind="0.0.0.0")
    assert page_address(config) == f"http://{socket.gethostname()}.local:8655/"
