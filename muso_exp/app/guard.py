"""What stands before every request: only pages of this server may use it, nothing is fetched."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "Content-Security-Policy"
_OWN_SITES = (
    "same-origin",
    "none",
)  # of Sec-Fetch-Site: own pages, or an address typed


class Guard:
    """Refuses requests of other web pages, and says to the browser what a page may load.

    A page of another site cannot read the answers of this server, but it could send it requests,
    or, with a host name of its own that leads to 127.0.0.1, read them. Both name another origin.

    Args:
        app: that is guarded: pages, files and the socket.
        hosts: what the address of this server may be called, `127.0.0.1:8080`.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self.app, self.hosts = app, frozenset(hosts)
        self.policy = page_policy(self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        reason = refusal(Headers(scope=scope), self.hosts)
        if not reason:
            await self.app(scope, receive, self._with_policy(send))
        elif scope["type"] == "websocket":
            await WebSocketClose(1008, reason)(scope, receive, send)
        else:
            await PlainTextResponse(f"muso_exp: {reason}\n", 403)(scope, receive, send)

    def _with_policy(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault(POLICY, self.policy)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
            await send(message)

        return sent


def refusal(headers: Headers, hosts: Collection[str]) -> str:
    """Return why a request is refused, "" if it is not."""
    host, origin = headers.get("host", ""), headers.get("origin")
    if host not in hosts:
        return f"this server is {' or '.join(sorted(hosts))}; another name leads here"
    if origin is not None and origin not in {f"http://{own}" for own in hosts}:
        return "a page of another origin asks; open the address yourself"
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "")
    if site not in _OWN_SITES and mode != "navigate":
        return "a page of another site asks; open the address yourself"
    return ""


def page_policy(hosts: Collection[str]) -> str:
    """Return the policy of the application's pages: nothing from another host is loaded."""
    sockets = " ".join(f"ws://{host}" for host in sorted(hosts))
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Vue compiles its templates
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' {sockets}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


# Of files in a run folder, which may be somebody else's: they are shown, and run nothing.
FILE_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
)
