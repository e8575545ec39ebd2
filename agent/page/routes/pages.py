"""The pages themselves, the files that they need, and logging in and out."""

from __future__ import annotations

from aiohttp import web

from agent.page.access import SESSION, asked_for, back_to
from agent.page.context import Context
from agent.reoffer.connections import Handler
from schemas.page_api import document

#: The pages, by name: as they stand in the path and as the menu shows them.
PAGES = ("live", "day", "aim", "tune")
#: The one more where there is no configuration yet.
SETUP = "setup"


def routes(context: Context) -> list[web.RouteDef]:
    """Pages, files, log-in."""
    pages = Pages(context)
    return [
        web.get("/", pages.live),
        *(web.get(f"/{name}", pages.page(name)) for name in pages.names[1:]),
        web.get("/login", pages.login),
        web.post("/login", pages.log_in),
        web.post("/api/logout", pages.log_out),
        web.get("/api/openapi.json", pages.openapi),
        web.get("/health", pages.health),
        web.get("/static/{name}", pages.static),
    ]


class Pages:
    """Renders templates; knows no data but the session's own."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.names = PAGES if context.first is None else (*PAGES, SETUP)

    async def live(self, request: web.Request) -> web.Response:
        """All cameras."""
        return self._page(request, "live")

    def page(self, name: str) -> Handler:
        """The handler of another page."""

        async def show(request: web.Request) -> web.StreamResponse:
            """Renders it."""
            return self._page(request, name)

        return show

    async def login(self, request: web.Request) -> web.Response:
        """Asks who it is, or takes the one-time token of a link."""
        if "once" in request.query:
            if SESSION in request:  # the link again, by who is logged in
                return web.Response(status=303, headers={"Location": "./"})
            return await self._try(request)
        return self._form(request, "")

    async def log_in(self, request: web.Request) -> web.Response:
        """Takes what the form sent."""
        return await self._try(request)

    async def log_out(self, request: web.Request) -> web.Response:
        """Ends the session."""
        return self._context.access.log_out(request)

    async def openapi(self, _request: web.Request) -> web.Response:
        """What the interface can do."""
        return web.json_response(document())

    async def health(self, _request: web.Request) -> web.Response:
        """Says that the page is served, for a watchdog; nothing else."""
        return web.json_response({"ok": True})

    async def static(self, request: web.Request) -> web.Response:
        """A file of the page; the browser keeps it as long as it is the same."""
        file = self._context.static.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound(text="no such file")
        headers = {"ETag": f'"{file.tag}"', "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        response = web.Response(
            body=file.body, content_type=file.kind, charset="utf-8", headers=headers
        )
        response.enable_compression()
        return response

    async def _try(self, request: web.Request) -> web.Response:
        try:
            return await self._context.access.log_in(request)
        except web.HTTPUnauthorized:
            once = "once" in request.query
            return self._form(request, "login_used" if once else "login_wrong", status=401)
        except web.HTTPTooManyRequests as error:
            response = self._form(request, "login_wait", status=429)
            response.headers["Retry-After"] = error.headers["Retry-After"]
            return response

    def _form(self, request: web.Request, problem: str, status: int = 200) -> web.Response:
        options = self._context.options
        return self._rendered(
            "login.html",
            status=status,
            problem=problem,
            to=asked_for(back_to(request)),
            by_token=options.token is not None,
            by_password=options.user is not None,
        )

    def _page(self, request: web.Request, name: str) -> web.Response:
        session = request.get(SESSION)
        scenes = self._context.bridge.scenes
        return self._rendered(
            f"{name}.html",
            page=name,
            pages=self.names,
            csrf="" if session is None else session.csrf,
            cameras=[(camera, scene.name) for camera, scene in scenes.items()],
            ingress=self._context.options.ingress,
        )

    def _rendered(self, template: str, status: int = 200, **values: object) -> web.Response:
        text = self._context.templates.get_template(template).render(**values)
        response = web.Response(text=text, status=status, content_type="text/html")
        response.enable_compression()
        return response
