"""Keeps out pages of other sites, requests under another host name, and other people on this machine."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse, Response

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TOKEN = "token"


def read_token(folder: Path) -> str:
    """The secret of a folder of sessions, which only its owner can read; created on first use."""
    path = folder / TOKEN
    if not path.is_file():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text().strip()


@dataclass(frozen=True)
class Guard:
    """Refuses requests that do not come from the page itself.

    The address that the command prints carries a secret, which the browser keeps as a cookie; other people on this
    machine do not know it. ``Host`` must name this machine, or a site could let its own name point here. Requests that
    another site makes in the browser of the user are refused, except for following a link.

    Attributes:
        application: answers the others.
        port: of the server.
        token: the secret.
    """

    application: Application
    port: int
    token: str

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        reason = self._objection(scope, headers)
        if reason:
            answer: Response = JSONResponse({"error": reason}, status_code=403, headers=HEADERS)
            await answer(scope, receive, send)
            return
        is_new = not self._is_known(headers)

        async def send_safely(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = HEADERS | ({"Set-Cookie": self._cookie()} if is_new else {})
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in added.items())]
            await send(message)

        await self.application(scope, receive, send_safely)

    def _objection(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Why a request is refused; empty if it is accepted."""
        own = [f"{name}:{self.port}" for name in ("127.0.0.1", "localhost")]
        if headers.get("host") not in own:
            return f"this page is at http://{own[0]} alone"
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        is_link = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
        is_ours = origin in (None, *(f"http://{name}" for name in own)) and site in ("none", "same-origin")
        if not is_ours and not (is_link and origin is None):
            return "requests from other sites are refused"
        given = parse_qs(scope["query_string"].decode("latin-1")).get(TOKEN, [""])[0]
        if not self._is_known(headers) and not _equal(given, self.token):
            return "open the address that master_thesis app printed: it carries the secret of this page"
        return ""

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._name)
        except CookieError:
            return False
        return cookie is not None and _equal(cookie.value, self.token)

    @property
    def _name(self) -> str:
        return f"master_thesis_{self.port}"  # cookies do not tell ports apart

    def _cookie(self) -> str:
        return f"{self._name}={self.token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000"


def _equal(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
