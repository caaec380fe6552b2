"""Answers the requests of the page, for its own files and for the sessions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from master_thesis.app import actions
from master_thesis.app.carrying import offers
from master_thesis.app.sessions import Session, SessionStore
from master_thesis.errors import UserError, require

MAX_BODY = 64 << 20
"""Largest number of bytes of a request that does not upload a video."""
FOREVER, NEVER = "private, max-age=31536000, immutable", "no-store"
"""Pictures of a session do not change, or their address does."""
KINDS = {"css": "text/css", "js": "text/javascript", "html": "text/html", "svg": "image/svg+xml"}

Answer = Callable[[Request], Awaitable[Response]]


def make_application(store: SessionStore) -> Starlette:
    """The application without its guard."""
    own = {path.name: path for path in files("master_thesis.app.page").iterdir() if path.name.split(".")[-1] in KINDS}

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "start.html")
        if name not in own:
            return JSONResponse({"error": f"there is no file {name[:40]}"}, status_code=404)
        kind = KINDS[name.split(".")[-1]]
        return Response(own[name].read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})

    async def editor(request: Request) -> Response:
        request.path_params["name"] = "editor.html"
        return await file(request)

    session = _on_session(store)
    return Starlette(
        routes=[
            Route("/", file),
            Route("/s/{session}", editor),
            Route("/page/{name}", file),
            Route("/api/sessions", _plain(lambda data: store.all())),
            Route("/api/sessions", _plain(lambda data: actions.open_video(store, data)), methods=["POST"]),
            Route("/api/offers", _plain(lambda data: offers())),
            Route("/api/uploads", _upload(store), methods=["PUT"]),
            Route("/api/sessions/{session}", session(lambda s, request, data: s.state)),
            Route("/api/sessions/{session}", _removal(store), methods=["DELETE"]),
            Route("/api/sessions/{session}/confidence", session(actions.confidence)),
            Route("/api/sessions/{session}/pictures/{kind}/{frame:int}", session(_picture)),
            Route("/api/sessions/{session}/masks/{frame:int}", session(_mask)),
            Route("/api/sessions/{session}/keys/{frame:int}", session(actions.set_key), methods=["PUT"]),
            Route("/api/sessions/{session}/keys/{frame:int}", session(actions.remove_key), methods=["DELETE"]),
            Route("/api/sessions/{session}/outlines/{frame:int}", session(_outline), methods=["POST"]),
            Route("/api/sessions/{session}/{action}", session(_act), methods=["POST"]),
            Route("/api/sessions/{session}/files/{name}", session(_download)),
        ]
    )


def _answer(content: Any) -> Response:
    if isinstance(content, Response):
        return content
    return JSONResponse(content, headers={"Cache-Control": NEVER})


async def _carefully(work: Callable[[], Any]) -> Response:
    """Does the work in a thread; errors of the user and of the disk are answered with one line."""
    try:
        return _answer(await run_in_threadpool(work))
    except UserError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return JSONResponse({"error": f"{where}{error.strerror or error}"}, status_code=500)


async def _body(request: Request) -> bytes:
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        require(len(data) <= MAX_BODY, f"the request is larger than {MAX_BODY >> 20} MB")
    return bytes(data)


def _plain(work: Callable[[dict[str, Any]], Any]) -> Answer:
    """An answer to a request without a session; ``work`` takes its values."""

    async def answer(request: Request) -> Response:
        try:
            data = values_of(await _body(request))
        except UserError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return await _carefully(lambda: work(data))

    return answer


def _on_session(store: SessionStore) -> Callable[[Callable[[Session, Request, bytes], Any]], Answer]:
    """Makes answers to requests about a session; their work takes it, the request and its body."""

    def make(work: Callable[[Session, Request, bytes], Any]) -> Answer:
        async def answer(request: Request) -> Response:
            try:
                data = await _body(request)
            except UserError as error:
                return JSONResponse({"error": str(error)}, status_code=400)
            return await _carefully(lambda: work(store.get(request.path_params["session"]), request, data))

        return answer

    return make


def values_of(data: bytes) -> dict[str, Any]:
    """The values in the body of a request.

    Raises:
        UserError: it is not a JSON object.
    """
    try:
        values = json.loads(data or b"{}")
    except ValueError:
        values = None
    require(isinstance(values, dict), "the request should be a JSON object")
    return dict(values)


def _removal(store: SessionStore) -> Answer:
    def remove(name: str) -> dict[str, Any]:
        store.remove(name)
        return {}

    async def answer(request: Request) -> Response:
        return await _carefully(lambda: remove(request.path_params["session"]))

    return answer


def _upload(store: SessionStore) -> Answer:
    """Receives a video that was dropped, and writes it to disk as it arrives."""

    async def answer(request: Request) -> Response:
        folder = store.new_folder()
        upload = actions.Upload(folder, request.query_params.get("name", ""))
        try:
            with upload.path.open("wb") as target:
                async for chunk in request.stream():
                    await run_in_threadpool(target.write, chunk)
        except (OSError, ClientDisconnect) as error:
            upload.discard()
            reason = error.strerror if isinstance(error, OSError) else "it was broken off"
            return JSONResponse({"error": f"{upload.path.name} cannot be stored: {reason}"}, status_code=500)
        return await _carefully(lambda: {"id": store.adopt(folder, upload.path).folder.name})

    return answer


def _picture(session: Session, request: Request, data: bytes) -> Response:
    path = actions.picture(session, request.path_params["kind"], request.path_params["frame"])
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": FOREVER})


def _mask(session: Session, request: Request, data: bytes) -> Response:
    widening = request.query_params.get("widen")
    picture = actions.mask_picture(session, request.path_params["frame"], widening)
    return Response(picture, media_type="image/png", headers={"Cache-Control": NEVER})


def _outline(session: Session, request: Request, data: bytes) -> Response:
    frame = request.path_params["frame"]
    if request.headers.get("content-type") == "image/png":
        picture = actions.outline_strokes(session, frame, data)
    else:
        picture = actions.outline_box(session, frame, values_of(data))
    return Response(picture, media_type="image/png", headers={"Cache-Control": NEVER})


def _act(session: Session, request: Request, data: bytes) -> Any:
    name = request.path_params["action"]
    require(name in actions.ACTIONS, f"there is no action {name[:40]}")
    return actions.ACTIONS[name](session, values_of(data)) or {}


def _download(session: Session, request: Request, data: bytes) -> Response:
    path = actions.file_of(session, request.path_params["name"])
    return FileResponse(path, filename=actions.download_name(session, Path(path)))
