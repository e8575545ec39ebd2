"""Guests of the agent: the network that names events, and somebody who looks at the page."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.response import addinfourl

from agent.classify.labels import COCO
from tests.resilience.fault import Fault
from tests.resilience.footprint import children
from tests.resilience.lab import Lab
from tests.support.agent_process import CAMERA
from tests.support.broker import free_port
from tests.support.stand_in_network import onnx, yolox_answer

#: Always sees a person, wherever something moves.
_PERSON = [("person", 0.9, (0.0, 0.0, 320.0, 320.0))]
_TOKEN = "token-of-the-laboratory"  # noqa: S105  of a page that ends with the run
#: Seconds for an answer of the page, and between two looks.
_ANSWER, _PAUSE = 5.0, 0.2
#: Seconds until the page is there again, at most: another fault may have ended the agent just now.
_BACK = 60.0
#: Bytes of a film or of the live picture that one look takes.
_PIECE = 1 << 16


class _Naming(Fault):
    """Events are named; the network's process has this fault."""

    hold = (2.0, 6.0)
    leaves = "classifier_"
    once = "naming"

    def prepare(self, lab: Lab) -> None:
        model, words = lab.folder / "own.onnx", lab.folder / "words"
        model.write_bytes(onnx(yolox_answer(_PERSON)))
        words.write_text("\n".join(COCO))
        lab.config["classify"] = {"model": str(model), "labels": str(words)}

    def tell(self, lab: Lab, number: signal.Signals) -> None:
        """Sends the signal to the network's process, if there is one."""
        for pid in children(lab.pid):
            with suppress(OSError):
                if b"agent.classify.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, number)

    def heal(self, lab: Lab) -> None:
        """The agent's business."""
        del lab


class NamingKilled(_Naming):
    name = "guest: the network's process is killed"

    def inject(self, lab: Lab) -> None:
        self.tell(lab, signal.SIGKILL)


class NamingStarved(_Naming):
    name = "guest: the network's process gets no processor"

    def inject(self, lab: Lab) -> None:
        self.tell(lab, signal.SIGSTOP)

    def heal(self, lab: Lab) -> None:
        self.tell(lab, signal.SIGCONT)


class Viewer(Fault):
    """Somebody has the page open, looks at everything, and plays what was recorded."""

    name = "guest: somebody looks at the page"
    hold = (8.0, 12.0)
    once = "viewer"

    def prepare(self, lab: Lab) -> None:
        self._port = free_port()
        lab.config["page"] = {"port": self._port, "token": _TOKEN}

    def inject(self, lab: Lab) -> None:
        self._done, self._seen = threading.Event(), set[str]()
        looks = (self._live, self._pictures, self._archive)
        self._threads = [threading.Thread(target=self._again, args=(look,)) for look in looks]
        for thread in self._threads:
            thread.start()
        lab.at_end(self._leave)

    def heal(self, lab: Lab) -> None:
        """Whatever else broke: the page has to answer again, be it after a new start."""
        self._leave()
        lab.figures["page_answers"] = float(len(self._seen))
        if lab.wait(self._answers, _BACK) is None:
            lab.findings.append("the page does not answer")

    def _leave(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _again(self, look: Callable[[], None]) -> None:
        while not self._done.wait(_PAUSE):
            # the agent may be away, its store may hang
            with suppress(OSError, HTTPException, ValueError):
                look()

    def _answers(self) -> bool:
        with suppress(OSError, HTTPException, ValueError):
            return bool(self._json("/api/state"))
        return False

    def _live(self) -> None:
        with self._get("/api/live?scores=" + CAMERA) as events:
            while not self._done.is_set() and events.readline():
                self._seen.add("live")

    def _pictures(self) -> None:
        with self._get(f"/api/cameras/{CAMERA}/picture?overlay=1") as picture:
            if picture.read().startswith(b"\xff\xd8"):
                self._seen.add("picture")

    def _archive(self) -> None:
        place = f"/api/cameras/{CAMERA}/days"
        for day in self._json(place)["days"]:
            shown = self._json(f"{place}/{day}")
            for number in range(len(shown["films"])):
                with self._get(f"{place}/{day}/films/{number}") as film:
                    film.read(_PIECE)
                    self._seen.add("film")
            for event in shown["events"][-3:]:
                with self._get(f"{place}/{day}/events/{event['id']}/files/clip") as clip:
                    clip.read(_PIECE)
                    self._seen.add("clip")

    def _json(self, path: str) -> dict[str, Any]:
        with self._get(path) as answer:
            said: dict[str, Any] = json.loads(answer.read())
            return said

    def _get(self, path: str) -> addinfourl:
        url = f"http://127.0.0.1:{self._port}{path}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {_TOKEN}"})
        answer: addinfourl = urllib.request.urlopen(request, timeout=_ANSWER)  # noqa: S310
        return answer


ALL = (NamingKilled, NamingStarved, Viewer)
