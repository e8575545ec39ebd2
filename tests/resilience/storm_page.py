"""The page's side of a storm: orders over HTTP, what was answered, and when nobody answered."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

#: Seconds: the page answers each order within ten; a busy machine takes longer.
WITHIN = 40.0
#: HTTP's words for what was done, and for refusals that say why; 204: no picture for some seconds.
GOOD = {200, 202, 204}
REFUSED = {404, 409, 422, 429, 503}


@dataclass(frozen=True)
class PageOrder:
    """An order and its answer.

    Attributes:
        camera: that it is about.
        order: method, path behind the camera's, body.
        at: monotonic seconds at which it was sent.
        number: of the commands over MQTT that were sent before it.
        sure: all of those had been answered, so that it surely came after them.
        status: HTTP's; None: no answer, or a broken one.
        said: the answer's object, if it is one.
    """

    camera: str
    order: tuple[str, str, Any]
    at: float
    number: int
    sure: bool
    status: int | None
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.camera} {self.order}: {self.status} {self.said}"


class Page:
    """Somebody who knows the page's token."""

    token = "token-of-the-storm"  # noqa: S105  of a page that ends with the storm

    def __init__(self, port: int) -> None:
        self.port = port
        self.orders: list[PageOrder] = []

    def order(self, camera: str, order: Any, *, number: int = 0, sure: bool = False) -> PageOrder:  # noqa: ANN401  JSON
        """Sends one and waits for its answer."""
        method, path, body = order
        at = time.monotonic()
        status, said = self._ask(method, f"/api/cameras/{camera}/{path}", body)
        made = PageOrder(camera, (method, path, body), at, number, sure, status, said)
        self.orders.append(made)
        return made

    def _ask(self, method: str, path: str, body: object) -> tuple[int | None, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            raw = answer.read()
            said = json.loads(raw) if "json" in (answer.headers["Content-Type"] or "") else {}
        except (OSError, http.client.HTTPException, ValueError):
            return None, {}
        finally:
            connection.close()
        return answer.status, said if isinstance(said, dict) else {}
