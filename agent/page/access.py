"""Who may look: every request is let through here, or refused.

public      the log-in page and its files
ingress     the supervisor of Home Assistant, if configured
bearer      `Authorization: Bearer TOKEN`, for scripts
cookie      a visitor who logged in; changes also need the token in a header
"""

from __future__ import annotations

import asyncio
import hmac
import math
import re
import secrets
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from agent.page import passwords
from agent.page.bodies import form_of
from agent.page.options import PageOptions
from agent.page.sessions import LASTS, Session, Sessions
from agent.page.used_token import UsedToken
from agent.reoffer.connections import Connections, address_of

#: developers.home-assistant.io, apps, ingress: only this address may connect.
SUPERVISOR = "172.30.32.2"
#: The header that carries the session's token.
CSRF = "X-CSRF-Token"
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
#: A page by its name, with its query and place: never a path, nor another site.
_PAGE = re.compile(r"(day|aim|tune|setup)?(\?[\w=&.:%+-]{0,300})?(#[\w=&.:%+-]{0,300})?", re.ASCII)
_SAFE = frozenset({"GET", "HEAD"})
_PUBLIC = frozenset({"/login", "/health"})


class Access:
    """Decides about each request; belongs to the page's loop."""

    def __init__(self, options: PageOptions, connections: Connections) -> None:
        self._options = options
        self._connections = connections
        self._sessions = Sessions()
        self._used = UsedToken(options.state_dir)
        self._once = options.one_time_token
        if self._once is not None and self._used.was(self._once):
            self._once = None
        self._hashing = asyncio.Semaphore(1)  # a hash takes 16 MiB and a part of a second
        self._ingress = Session(secrets.token_urlsafe(24), 0.0, 0.0)
        self.cookie = f"surveillance_page_{options.port}"

    def check(self, request: web.Request) -> None:
        """Returns when the request may go on.

        Raises:
            HTTPException: it may not: log in, wait, or come from the page itself.
        """
        session = self._session(request)
        if session is not None:
            request[SESSION] = session
            if request.method not in _SAFE and not session.proves(request.headers.get(CSRF, "")):
                raise web.HTTPForbidden(text=f"the header {CSRF} is missing or wrong: load again")
            return
        if request.path in _PUBLIC or request.path.startswith("/static/"):
            return
        if self._bearer(request):
            return
        if request.path.startswith("/api/") or request.method not in _SAFE:
            raise web.HTTPUnauthorized(text="log in first")
        raise web.HTTPSeeOther(f"login{asked_for(request.path_qs[1:])}")

    async def log_in(self, request: web.Request) -> web.Response:
        """Checks what the log-in page sent, or the one-time token of a link; sets the cookie.

        A try counts as wrong before it is looked at, and is forgiven when it was right: who leaves
        meanwhile has tried all the same.

        Raises:
            HTTPTooManyRequests: too many were wrong.
            HTTPBadRequest: that is no form.
            HTTPForbidden: the form is on another site's page.
            HTTPUnauthorized: wrong.
        """
        self._from_here(request)
        self._must_not_wait(request)
        self._connections.tries(request)
        given = await self._given(request)
        if not await self._right(given):
            if any(given.values()):
                self._connections.wrong(request, "log-in")
            else:
                self._connections.forgive(request)
            raise web.HTTPUnauthorized(text="wrong")
        self._connections.forgive(request)
        answer = web.Response(status=303, headers={"Location": f"./{back_to(request)}"})
        secret = self._sessions.begin(self._now())
        answer.set_cookie(
            self.cookie,
            secret,
            max_age=int(LASTS),
            httponly=True,
            samesite="Strict",
            secure=self._options.https,
        )
        return answer

    def log_out(self, request: web.Request) -> web.Response:
        """Ends the session of this browser."""
        self._sessions.end(request.cookies.get(self.cookie, ""))
        answer = web.Response(status=204)
        answer.del_cookie(self.cookie)
        return answer

    def framed_by(self) -> str:
        """Who may show the page in a frame: Home Assistant where it is part of it, else nobody."""
        return "'self'" if self._options.ingress else "'none'"

    def _session(self, request: web.Request) -> Session | None:
        if self._options.ingress and address_of(request.transport) == SUPERVISOR:
            return self._ingress
        secret = request.cookies.get(self.cookie)
        return self._sessions.find(secret, self._now()) if secret else None

    def _bearer(self, request: web.Request) -> bool:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        token = self._options.token
        if kind.lower() != "bearer" or token is None:
            return False
        self._must_not_wait(request)
        if _same(given, token):
            return True
        self._connections.tries(request)
        self._connections.wrong(request, "token")
        return False

    @staticmethod
    async def _given(request: web.Request) -> dict[str, str]:
        """What was sent; of a link the one-time token only: a URL stands in logs."""
        if request.method in _SAFE:
            return {"once": request.query.get("once", "")}
        form = await form_of(request)
        return {key: form.get(key, "") for key in ("token", "user", "password")}

    async def _right(self, given: dict[str, str]) -> bool:
        options = self._options
        if "once" in given:
            once = self._once
            if once is None or not _same(given["once"], once) or not self._used.keep(once):
                return False
            self._once = None
            return True
        if given["token"]:
            return options.token is not None and _same(given["token"], options.token)
        if options.user is None or options.password_hash is None or not given["password"]:
            return False
        fits = await self._hash(given["password"], options.password_hash)
        return fits & _same(given["user"], options.user)

    async def _hash(self, password: str, stored: str) -> bool:
        """One at a time: a hash runs to its end also when the caller has left."""
        await self._hashing.acquire()
        hashing = asyncio.ensure_future(asyncio.to_thread(passwords.fits, password, stored))
        hashing.add_done_callback(lambda _done: self._hashing.release())
        return await asyncio.shield(hashing)

    def _must_not_wait(self, request: web.Request) -> None:
        if wait := self._connections.must_wait(request):
            headers = {"Retry-After": str(math.ceil(wait))}
            raise web.HTTPTooManyRequests(text="too many wrong log-ins: wait", headers=headers)

    def _from_here(self, request: web.Request) -> None:
        """A form on another site's page must not log a browser in."""
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if site is not None:
            good = site in {"same-origin", "none"} or request.method in _SAFE
        else:
            good = origin is None or _host(origin) == request.headers.get("Host", "").lower()
        if not good:
            raise web.HTTPForbidden(text="log in on the page itself")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def asked_for(page: str) -> str:
    """The query of the log-in page with which the visitor comes back to `page`; empty: to all.

    Args:
        page: its name with its query, without a slash.
    """
    return f"?{urlencode({'to': page})}" if page and _PAGE.fullmatch(page) else ""


def back_to(request: web.Request) -> str:
    """Where a visitor wanted to be who had to log in: a page of ours by its name, or empty."""
    wanted = request.query.get("to", "")
    return wanted if _PAGE.fullmatch(wanted) else ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""
