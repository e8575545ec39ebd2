"""Home Assistant's supervisor as an app sees it: the answer to `GET /services/mqtt`."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any, Self

from tests.support.waiting import PATIENCE


class FakeSupervisor:
    """Answers over real HTTP on loopback; counts questions and keeps their tokens.

    Attributes:
        answers: given one after the other, the last one for ever; None: 400, no such service.
    """

    def __init__(self, *answers: dict[str, Any] | None, port: int = 0) -> None:
        self.answers = list(answers)
        self.tokens: list[str | None] = []
        supervisor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                supervisor.tokens.append(self.headers.get("Authorization"))
                more = len(supervisor.answers) > 1
                data = supervisor.answers.pop(0) if more else supervisor.answers[0]
                known = data is not None and self.path == "/services/mqtt"
                body: dict[str, Any] = {"result": "ok", "data": data}
                if not known:
                    body = {"result": "error", "message": "Service not enabled"}
                self.send_response(200 if known else 400)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                """Keeps the test's output clean."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/mqtt"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()
