"""The body of a request, and the form that it may be; any content of a stranger gets an answer."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

#: Seconds for the body of a request to arrive.
BODY_WITHIN = 10.0
#: Fields of a form; the log-in page has two.
_MOST_FIELDS = 16
_FORM = "application/x-www-form-urlencoded"


async def raw_body(request: web.Request) -> bytes:
    """The body, whole.

    Raises:
        HTTPRequestTimeout: it does not come.
        HTTPBadRequest: the caller left, or the body is not packed as its head says.
        HTTPRequestEntityTooLarge: it is too long.
    """
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come") from None
    except (ConnectionError, HttpProcessingError, web.RequestPayloadError):
        raise web.HTTPBadRequest(text="the body is not whole") from None


async def form_of(request: web.Request) -> dict[str, str]:
    """The fields of a form.

    Raises:
        HTTPBadRequest: it is no form that a browser sends for our page.
        HTTPRequestTimeout, HTTPRequestEntityTooLarge: as `raw_body`.
    """
    raw = await raw_body(request)
    try:
        if request.content_type != _FORM:
            raise ValueError(request.content_type)  # noqa: TRY301  one answer for all
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise web.HTTPBadRequest(text=f"send {_FORM}, in UTF-8") from None
