"""A phone with the companion app, as Home Assistant sees one.

It registers as the app does, takes what Home Assistant pushes to the app's server, loads pictures
and clips with the user's token, and fires the events of buttons through its webhook.
"""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request
from typing import Any, Self

from tests.support.home_assistant import HomeAssistant
from tests.support.waiting import PATIENCE, wait_until

ACTION = "mobile_app_notification_action"
_LIMITS = {"successful": 1, "maximum": 500, "errors": 0, "resetsAt": "2030-01-01T00:00:00Z"}


class Phone:
    """Its notifications in order, each as it came: `title`, `message`, `data`."""

    def __init__(self, home_assistant: HomeAssistant, name: str = "Phone") -> None:
        self.notifications: list[dict[str, Any]] = []
        self._home_assistant = home_assistant
        outer = self

        class PushServer(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.notifications.append(json.loads(body))
                answer = json.dumps({"rateLimits": _LIMITS}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PushServer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        push = f"http://127.0.0.1:{self._server.server_address[1]}/push"
        registered = home_assistant.api(
            "POST",
            "/api/mobile_app/registrations",
            {
                "app_id": "io.homeassistant.rig",
                "app_name": "Home Assistant",
                "app_version": "2026.11",
                "device_name": name,
                "device_id": name.lower(),
                "manufacturer": "Rig",
                "model": "Phone 1",
                "os_name": "Android",
                "os_version": "16",
                "supports_encryption": False,
                "app_data": {"push_token": "t", "push_url": push},
            },
        )
        self._webhook = str(registered["webhook_id"])
        self.action = f"notify.mobile_app_{name.lower()}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def press(self, notification: dict[str, Any], title: str) -> None:
        """Touches the button with this title; what the app sends then."""
        (button,) = [b for b in notification["data"]["actions"] if b["title"] == title]
        self.send({"action": button["action"], "tag": notification["data"]["tag"]})

    def send(self, data: dict[str, Any]) -> None:
        """The event of a button."""
        body = {"type": "fire_event", "data": {"event_type": ACTION, "event_data": data}}
        self._home_assistant.http("POST", f"/api/webhook/{self._webhook}", body, token=None)

    def load(self, where: str) -> tuple[bytes, str]:
        """A picture or clip of a notification, and its type."""
        request = urllib.request.Request(  # noqa: S310  the rig's own address
            self._home_assistant.url + where,
            headers={"Authorization": f"Bearer {self._home_assistant.meta['token']}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            return answer.read(), answer.headers.get_content_type()

    def of(self, tag: str) -> list[dict[str, Any]]:
        """The notifications with this tag: the last of them is what the phone shows."""
        return [n for n in self.notifications if n["data"]["tag"] == tag]

    def wait(self, tag: str, count: int = 1, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """As `of`, when there are so many."""
        wait_until(f"{count} of {tag}", lambda: len(self.of(tag)) >= count, seconds)
        return self.of(tag)
