"""HTTPS cameras with certificates that no public authority signed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.camera.http.source import web_opener
from agent.camera.network.trust import trusting
from agent.core.errors import ConfigError
from agent.core.messages import CameraCode
from tests.support.certificates import self_signed, serving
from tests.support.jpegs import jpeg
from tests.support.source_rig import SourceRig
from tests.support.waiting import wait_until
from tests.support.web_camera import PASSWORD, WebCamera

WHO = "viewer:p%40ss%3Aw%2Frd"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
def camera(certificate: Path) -> Iterator[WebCamera]:
    with WebCamera(lambda n: jpeg(3000, seed=n), auth="digest", tls=serving(certificate)) as it:
        yield it


@pytest.mark.parametrize("insecure", [False, True])
@pytest.mark.parametrize("path", ["/stream", "/still.jpg"])
def test_a_certificate_that_was_given_is_believed_and_with_insecure_any(
    camera: WebCamera, certificate: Path, path: str, *, insecure: bool
) -> None:
    trust = trusting(insecure=True) if insecure else trusting(certificate)
    with SourceRig(web_opener(camera.url(path, user=WHO), 0.125, trust)) as agent:
        wait_until("pictures", lambda: len(agent.frames) >= 3)
    assert agent.frames[0].jpeg == jpeg(3000, seed=0)


def test_other_certificates_are_refused_before_the_password_is_sent(
    camera: WebCamera, tmp_path: Path
) -> None:
    for trust in (None, trusting(self_signed(tmp_path, "another"))):
        with SourceRig(web_opener(camera.url(user=WHO), trust=trust)) as agent:
            reason = agent.wait_for(CameraCode.REFUSED).reason
        assert "tls.ca" in reason
        assert PASSWORD not in reason
        assert not agent.frames
    assert camera.tried == []


def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(ConfigError, match=r"empty\.pem: no certificate in it"):
        trusting(empty)
    with pytest.raises(ConfigError, match=r"away\.pem: No such file.*name a PEM file"):
        trusting(tmp_path / "away.pem")
