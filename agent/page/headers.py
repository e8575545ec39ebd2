"""What every answer of the page says to the browser: nothing of others, nothing inline."""

from __future__ import annotations

from collections.abc import Mapping


def security_headers(framed_by: str) -> Mapping[str, str]:
    """The headers; `framed_by` is who may show the page in a frame, as CSP writes it."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none';"
        f" frame-ancestors {framed_by}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cache-Control": "no-store",
    }
