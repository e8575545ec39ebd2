"""From where a sound may be fetched."""

from __future__ import annotations

import pytest

from agent.audio.sound_urls import NotFetched, Place, place_of, refusal_of


def test_home_assistants_url_in_its_parts() -> None:
    url = "http://homeassistant.local:8123/api/tts_proxy/x_1.wav?a=b"
    wanted = Place(
        secure=False, host="homeassistant.local", port=8123, target="/api/tts_proxy/x_1.wav?a=b"
    )
    assert place_of(url, None) == wanted
    assert place_of("HTTPS://Nas/bell.wav", None).port == 443


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://nas/bell.wav", "nas"),
        ("https://nas:443", "nas"),
        ("http://nas:443/", "nas:443"),
        ("http://[fd00::1]:8123/x", "[fd00::1]:8123"),
    ],
)
def test_the_request_names_the_host_as_its_server_knows_it(url: str, authority: str) -> None:
    assert place_of(url, None).authority == authority


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("file:///etc/shadow", "http"),
        ("ftp://nas/bell.wav", "http"),
        ("http:///bell.wav", "http"),
        ("http://nas:99999/", "port"),
        ("http://[::1/", "host"),
        ("http://me:secret@nas/", "user or a password"),
        ("http://nas@10.0.0.1/", "user or a password"),
        ("http://nas/a b", "%XX"),
        ("http://nas/\r\nX-Evil: 1", "%XX"),
        ("http://nas/glöckchen.wav", "%XX"),
    ],
)
def test_what_is_no_url_of_a_sound_is_refused_without_its_secrets(url: str, word: str) -> None:
    with pytest.raises(NotFetched, match=word) as refused:
        place_of(url, None)
    assert "secret" not in str(refused.value)


def test_only_the_named_hosts_where_there_are_any() -> None:
    assert place_of("http://NAS/bell.wav", ("nas", "127.0.0.1")).named
    with pytest.raises(NotFetched, match="allowed: nas"):
        place_of("http://nas.evil.example/", ("nas",))
    with pytest.raises(NotFetched, match="allowed: none"):
        place_of("http://nas/", ())


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "this machine"),
        ("127.8.9.10", "this machine"),
        ("::1", "this machine"),
        ("0.0.0.0", "this machine"),
        ("::", "this machine"),
        ("::ffff:127.0.0.1", "this machine"),
        ("169.254.169.254", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("64:ff9b::7f00:1", "stands for another"),
        ("2002:7f00:1::", "stands for another"),
        ("::127.0.0.1", "stands for another"),
        ("224.0.0.1", "of many"),
        ("ff02::1", "of many"),
        ("255.255.255.255", "of many"),
        ("240.0.0.1", "reserved"),
    ],
)
def test_this_machine_and_addresses_that_no_sound_is_on_are_refused(address: str, why: str) -> None:
    assert why in str(refusal_of(address))


@pytest.mark.parametrize("address", ["192.168.1.2", "10.0.0.1", "fd00::1", "8.8.8.8", "2a00::1"])
def test_the_house_and_the_world_are_asked(address: str) -> None:
    assert refusal_of(address) is None
