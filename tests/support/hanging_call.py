"""The agent with a call that does not return: the first request of one camera hangs for good.

`python hanging_call.py HOW PYTHON -m agent …`, as `House.before` starts it. HOW is `replaced`: the
times after which a thread without a sign of life is named and replaced are short; or another word.
"""

from __future__ import annotations

import itertools
import runpy
import sys
import threading

from agent.camera.http.client import Answer, HttpClient
from agent.service import app

#: The user in the URL of the camera that hangs.
HANGS = "hangs"


def main() -> None:
    """Runs the agent."""
    if sys.argv[1] == "replaced":
        app.SILENT_AFTER, app.DEAD_AFTER = 6.0, 15.0  # others beat every 5 s
    number = itertools.count()
    get = HttpClient.get

    def hung(client: HttpClient) -> Answer:
        """As `get`, but the first one never comes back, and nothing ends it."""
        credentials = client._credentials
        if credentials is not None and credentials.user == HANGS and not next(number):
            threading.Event().wait()
        return get(client)

    HttpClient.get = hung  # type: ignore[method-assign,assignment]  # self has another name
    sys.argv = sys.argv[4:]
    runpy.run_module("agent", run_name="__main__", alter_sys=True)


main()
