from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from agent.camera.source import check_url
from agent.config.check import effective
from agent.config.loader import Loaded, load, token_of
from agent.core.errors import ConfigError
from agent.runtime.latest_value import Newest
from schemas.config import Config

SECRET = "s3cret-w0rd"  # noqa: S105  of nothing


def config(reoffer: dict[str, Any] | None = None, source: str = "demo:") -> Config:
    cameras = {"yard": {"source": source}}
    return Config.model_validate({"cameras": cameras, "reoffer": reoffer})


@pytest.mark.parametrize(
    "source",
    [
        f"http://viewer:{SECRET}@cam/stream",
        f"rtsp://viewer:{SECRET}@cam:8554/main",
        f"http://cam/videostream.cgi?user=viewer&pwd={SECRET}",
        f"https://cam/snap.jpg?password={SECRET}&x=1",
        f"http://viewer:sl/ash{SECRET}@cam/stream",
    ],
)
def test_check_config_shows_no_password_of_a_source(source: str) -> None:
    shown = "\n".join(effective(Loaded(config(source=source), None), defaults=True))
    assert SECRET not in shown
    assert "cam" in shown


def camera(**keys: object) -> Config:
    return Config.model_validate({"cameras": {"yard": {"source": "http://cam/sub", **keys}}})


def test_the_password_of_a_recording_stream_is_not_shown_either() -> None:
    loaded = Loaded(camera(record_source=f"rtsp://viewer:{SECRET}@cam/main"), None)
    shown = "\n".join(effective(loaded, defaults=True))
    assert SECRET not in shown
    assert "rtsp://**hidden**@cam/main" in shown


def test_a_recording_stream_is_another_one_and_fits_the_format() -> None:
    with pytest.raises(ValidationError, match="leave it out"):
        camera(record_source="http://cam/sub")
    original = {"format": "original"}
    with pytest.raises(ValidationError, match="use h264"):
        camera(record_source="rtsp://cam/main", recording=original)
    with pytest.raises(ValidationError, match="use h264"):
        camera(record_source="RTSP://cam/main", recording=original)
    assert camera(record_source="http://cam/main", recording=original)
    assert camera(record_source="rtsp://cam/main").cameras["yard"].record_source


def test_a_mistake_in_a_source_is_told_without_its_password(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"cameras: {{yard: {{source: ['http://viewer:{SECRET}@cam/']}}}}")
    with pytest.raises(ConfigError) as told:
        load(path, {})
    assert "cameras.yard.source" in str(told.value)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "url", ["hk://h", "http://u:p@h/x", "https://h", "rtsp://h/x", "v4l2:/dev/video0", "demo:"]
)
def test_every_kind_of_source_is_known(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize("url", [f"ftp://u:{SECRET}@h", f"http://u:{SECRET}@/", "file:/none.mp4"])
def test_a_wrong_source_is_a_configuration_error_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as told:
        check_url(url)
    assert SECRET not in str(told.value)


def test_the_re_offer_is_off_and_on_loopback_by_default() -> None:
    assert config().reoffer is None
    on = config({}).reoffer
    assert on is not None
    assert (on.bind, on.port, token_of(config({}).reoffer)) == ("127.0.0.1", 8654, None)


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "192.168.1.5", "pi.local"])
def test_beyond_loopback_a_token_is_needed(bind: str) -> None:
    with pytest.raises(ValidationError, match="without a token"):
        config({"bind": bind})
    assert token_of(config({"bind": bind, "token": "correct-horse"}).reoffer) == "correct-horse"


def test_a_short_token_and_two_tokens_are_refused() -> None:
    with pytest.raises(ValidationError, match="at least 12"):
        config({"token": "short"})
    with pytest.raises(ValidationError, match="keep one"):
        config({"token": "correct-horse", "token_file": "/x"})


def test_the_token_may_stand_in_a_file_that_has_to_have_one(tmp_path: Path) -> None:
    path = tmp_path / "token"
    settings = {"bind": "0.0.0.0", "token_file": str(path)}
    with pytest.raises(ConfigError, match="token_file"):
        token_of(config(settings).reoffer)
    path.write_text("\n")
    with pytest.raises(ConfigError, match="at least 12"):
        token_of(config(settings).reoffer)
    path.write_text("correct-horse\n")
    assert token_of(config(settings).reoffer) == "correct-horse"
    shown = "\n".join(effective(Loaded(config({"token": "correct-horse"}), None), defaults=True))
    assert "correct-horse" not in shown


def test_only_the_newest_message_is_kept() -> None:
    newest: Newest[int] = Newest()
    assert newest.get() is None
    newest.put(1)
    newest.put(2)
    assert (newest.get(), newest.get()) == (2, 2)
