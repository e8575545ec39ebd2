from __future__ import annotations

from pathlib import Path

from agent.runtime.media import open_media
from tests.support.garden import FPS, write_video


def test_a_title_that_is_no_utf_8_does_no_harm(tmp_path: Path) -> None:
    path = write_video(tmp_path / "film.mp4", 2, b"Caf\xe9\xff\x80")
    with open_media(str(path)) as container:
        assert container.metadata["title"].startswith("Caf")
        assert len(list(container.decode(video=0))) == 2 * FPS
