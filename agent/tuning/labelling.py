"""Names a replay's events, with the network and the rules of the live agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.classify.adapters import ADAPTERS
from agent.classify.link import LOAD_WITHIN, Answer, Failed, Link, Looked, Ready
from agent.classify.model_files import model_of
from agent.classify.naming import Verdict, best_of
from agent.core.errors import ConfigError
from agent.core.messages import Box
from agent.imaging.jpeg import encode
from agent.imaging.orientation import Picture
from agent.runtime.clock import Clock, SystemClock
from schemas.config import ClassifyConfig

#: Seconds for a look; nobody waits for a replay, so more than the live agent gives.
_LOOK_WITHIN = 60.0


class Namer:
    """Looks at one event after the other. Owns a process: see `naming`."""

    def __init__(self, config: ClassifyConfig, clock: Clock) -> None:
        files = model_of(config.model, config.labels)
        self._model, self._min_score = files.name, config.min_score
        self._second = ADAPTERS[files.adapter].second
        self._path, self._clock = config.model, clock
        self._link = Link(files)

    def ready(self) -> None:
        """Waits until the network is loaded.

        Raises:
            ConfigError: it cannot be.
        """
        answer = self._wait(LOAD_WITHIN)
        if not isinstance(answer, Ready):
            self._give_up(answer)

    def begin(self) -> Verdict:
        """An event without a look."""
        return Verdict(self._model, self._min_score, self._second)

    def look(self, verdict: Verdict, picture: Picture, box: Box | None) -> None:
        """One more picture of the event, uint8 (H, W, 3) BGR, upright, privacy polygons black.

        Raises:
            ConfigError: the network fails.
        """
        if verdict.done:
            return
        self._link.look(encode(picture), box)
        answer = self._wait(_LOOK_WITHIN)
        if not isinstance(answer, Looked):
            self._give_up(answer)
            return
        verdict.look(best_of(answer.things, box))

    def close(self) -> None:
        """Ends the process."""
        self._link.close()

    def _wait(self, seconds: float) -> Answer | None:
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            if (answer := self._link.poll(left)) is not None:
                return answer
        return None

    def _give_up(self, answer: Answer | None) -> None:
        reason = answer.reason if isinstance(answer, Failed) else "no answer"
        raise ConfigError(f"{self._path}: {reason}")


@contextmanager
def naming(config: ClassifyConfig | None, model: str | None) -> Iterator[Namer]:
    """A loaded network: `model`, where it is given, else the configured one.

    Raises:
        ConfigError: there is none, or it cannot be used.
    """
    if model is not None:
        config = ClassifyConfig(model=Path(model))
    if config is None:
        raise ConfigError("--classify: the configuration has no classify.model: add --model FILE")
    namer = Namer(config, SystemClock())
    try:
        namer.ready()
        yield namer
    finally:
        namer.close()
