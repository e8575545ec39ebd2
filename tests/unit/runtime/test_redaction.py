from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.messages import BrokerDown, CameraCode, CameraState
from agent.runtime.redaction import (
    excerpt,
    forget_all,
    hide,
    hide_url,
    redact,
    secrets_of,
    without_secrets,
)

SECRET = "hunTer22qXzz"  # noqa: S105  of nothing
ODD = "paé W0rd&<Q>"


@pytest.mark.parametrize("user", ["", "a", "ad", "adm", "admin"])
@pytest.mark.parametrize("behind", ["", "x", "xy", "\xff"])
def test_a_secret_is_hidden_in_base64_whatever_stands_beside_it(user: str, behind: str) -> None:
    hide(SECRET)
    pair = f"{user}:{SECRET}{behind}".encode()
    for text in (b64encode(pair).decode(), urlsafe_b64encode(pair).decode()):
        shown = redact(f"503 what was {text}")
        assert "***" in shown
        assert text[6:-4] not in shown


@pytest.mark.parametrize(
    "write",
    [
        str.lower,
        lambda text: text.upper().replace("É", "é"),
        lambda text: text.encode().hex().upper(),
        lambda text: quote(text, safe="").lower(),
        lambda text: quote(quote(text, safe=""), safe=""),
        escape,
        lambda text: text.encode().decode("latin-1"),
    ],
)
def test_a_secret_is_hidden_in_other_letters_and_spellings(write: Callable[[str], str]) -> None:
    hide(ODD)
    assert redact(f"says {write(ODD)} here") == "says *** here"


@pytest.mark.parametrize("room", range(len(SECRET) + 3))
def test_a_secret_at_the_cut_leaves_nothing_of_itself(room: int) -> None:
    hide(SECRET)
    shown = excerpt("a" * 40 + " " + SECRET, 41 + room)
    assert not any(SECRET[:n] in shown for n in range(2, len(SECRET)))
    assert len(shown) <= 41 + room


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("pass", "refuses user and password (401)"),
        ("pass", "a bypass, passes, compass2"),
        ("came", "camera yard: frames came_from"),
        ("1234", "12345 bytes of 91234"),
        ("Stream", "h264Stream, streams"),
    ],
)
def test_a_short_secret_is_not_hidden_within_other_words(secret: str, text: str) -> None:
    hide(secret)
    expected = text.replace("came_from", "***_from") if secret == "came" else text  # noqa: S105
    assert redact(text) == expected


@pytest.mark.parametrize("secret", ["pass", "PA55", "q9!z", "äöüß", "x:y/z", "a b c", "pass*w"])
@pytest.mark.parametrize(
    "place",
    [
        "{}",
        "says {} here",
        "'{}'",
        "({})",
        "what_{}_was",
        "ends with {}.",
        "a,{},b",
        "/cgi/{}/live",
        "?x={}&y=1",
        "admin:{}@cam",
        "admin%3A{}%40cam",
        "admin%3a{}%40cam",
        "x%253A{}%2540cam",
        "line\\n{}\\r\\n",
        "nul\\x00{}\\x00",
        "text\\u000a{}\\u000a",
        "wort\u00e4{}\u00e4",
    ],
)
def test_a_short_secret_is_hidden_as_a_word_wherever_it_stands(secret: str, place: str) -> None:
    hide(secret)
    large = secret.translate(str.maketrans(ascii_lowercase, ascii_uppercase))
    for form in (secret, large, quote(secret, safe=""), json.dumps(secret)[1:-1]):
        text = place.format(form)
        shown = redact(text)
        assert form.lower() not in shown.lower(), text
        assert "***" in shown


@pytest.mark.parametrize("user", ["", "a", "ad", "adm", "admin"])
@pytest.mark.parametrize("secret", ["pass", "geheim"])
def test_a_short_secret_is_hidden_within_base64_and_hex(user: str, secret: str) -> None:
    hide(secret)
    pair = f"{user}:{secret}".encode()
    for text in (b64encode(pair).decode(), pair.hex()):
        assert "***" in redact(f"x{text}")


@pytest.mark.parametrize("secrets_", [("pass", "cGFzc"), ("cGFzc", "pass")])
def test_what_is_hidden_within_texts_stays_so_though_it_is_a_word_of_its_own(
    secrets_: tuple[str, str],
) -> None:
    for secret in secrets_:  # one is the other in base64
        hide(secret)
    assert redact("x" + b64encode(b"pass").decode()) == "x***w=="


#: Eight letters and more, so that no part of them stands in the text by chance.
secrets = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=8, max_size=20)


@given(secrets)
def test_a_known_secret_is_hidden_however_it_is_written(secret: str) -> None:
    forget_all()
    hide(secret)
    forms = [secret, quote(secret), json.dumps(secret), repr(secret), secret.encode().hex()]
    for form in forms:
        assert redact(f"says {form} here") != f"says {form} here"


@pytest.mark.parametrize(
    "url",
    [
        f"rtsp://admin:{SECRET}@192.0.2.7/live",
        f"http://192.0.2.7/snap?pwd={SECRET}",
        f"http://192.0.2.7/snap?session={SECRET}&x=1",
        f"http://192.0.2.7/snap?sid={SECRET}",
        f"http://192.0.2.7/snap?x=1&pin={SECRET}",
        f"http://192.0.2.7/snap?x=1;ticket={SECRET}",
        "rtsps://192.0.2.7:7441/hunTer22qXzz9Ab4",
        "rtsp://192.0.2.7/live/hunTer22qXzz9Ab4/main?x=1",
        "http://192.0.2.7/api/550e8400-e29b-41d4-a716-446655440000/snap",
        "http://192.0.2.7/9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_the_secrets_of_a_url_are_hidden_in_it_and_by_themselves(url: str) -> None:
    (secret,) = set(secrets_of(url))
    assert secret not in redact(f"camera yard: {url}")
    hide_url(url)
    assert redact(f"the camera says {secret}") == "the camera says ***"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.0.2.7:554/h264Preview_01_main",
        "rtsp://192.0.2.7/cam/realmonitor?channel=1&subtype=1",
        "rtsp://192.0.2.7/Streaming/Channels/101",
        "rtsp://192.0.2.7/ch0_unicast_firststream",
        "rtsp://192.0.2.7/onvif-media/media.amp?profile=profile_1_h264&resolution=1280x720",
        "http://192.0.2.7/axis-cgi/mjpg/video.cgi?resolution=640x480&side=left&ping=1",
        "http://192.0.2.7:8080/ISAPI/Streaming/channels/102/httpPreview",
        "http://192.0.2.7/cgi-bin/CGIProxy.fcgi",
        "rtsp://192.0.2.7/20261129123456/live",
        "rtsp://192.0.2.7/videoMainStreamHigh",
    ],
)
def test_what_cameras_call_their_streams_is_no_secret(url: str) -> None:
    assert redact(url) == url
    assert not set(secrets_of(url))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("503 Authorization: Basic YWRtaW46eA== <b>", "503 Authorization: ***"),
        ("503 Basic YWRtaW46eA== <b>", "503 Basic *** <b>"),
        ('401 authorization="Digest username=..."', "401 authorization=***"),
        ("basic authentication is refused", "basic authentication is refused"),
        ("wants digest authentication", "wants digest authentication"),
        (
            "cam: answers 404 no /snap?user=a&pwd=geheim, http://a:geheim@cam/",
            "cam: answers 404 no /snap?user=***&pwd=*** http://***@cam/",
        ),
        ("Bearer aB3dE5fG7hI9jK1l", "Bearer ***"),
    ],
)
def test_credentials_that_a_camera_repeats_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_the_words_of_an_owner_are_redacted_and_all_else_stays() -> None:
    hide(SECRET)
    said = CameraState("yard", CameraCode.REFUSED, f"503 {SECRET}", 1.0, 2, 3.0)
    clean = without_secrets(said)
    assert clean.reason == "503 ***"
    assert (clean.camera, clean.code, clean.at, clean.retry_in) == ("yard", said.code, 1.0, 3.0)
    fine = BrokerDown(1.0, "lost", "the connection ended")
    assert without_secrets(fine) is fine


def test_the_name_of_a_user_is_hidden_in_its_url_only() -> None:
    hide_url("http://192.0.2.7/snap?user=camera&pwd=hunTer22q")
    assert redact("camera yard: hunTer22q") == "camera yard: ***"
    assert "camera" not in redact("http://192.0.2.7/snap?user=camera&x=1")


def test_many_secrets_do_not_fill_the_memory() -> None:
    for n in range(400):
        hide(f"{SECRET}-{n}-")
    assert redact(f"{SECRET}-399-") == "***"
    assert redact(f"{SECRET}-0-") == f"{SECRET}-0-"
