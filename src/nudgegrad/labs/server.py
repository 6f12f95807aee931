"""The lab as a local page: loopback only, a random token in its address, Host and Origin checked."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import UsageError
from .asking import KINDS, answer, exercise_named
from .exercise import Exercise
from .page import as_json, asset, course_index, document, page_data
from .saved import State, StateFile, read_state

ADDRESS = "127.0.0.1"
MOST_ASKED = 1_000_000  # bytes of a question
MOST_KEPT = 4_000_000  # bytes of a state
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """What is served, and where.

    Parameters
    ----------
    port : int
    saved : StateFile
        Where answers are kept.
    exercises : sequence of Exercise
        Those that are no part of the course.
    open : str, optional
        The id of the exercise that is shown first.
    warn : callable
        Takes a sentence for the one who started the server.
    token : str
        The first part of every path.
    """

    port: int
    saved: StateFile
    exercises: Sequence[Exercise] = ()
    open: str | None = None
    warn: Callable[[str], None] = lambda _: None
    token: str = field(default_factory=secrets.token_urlsafe)

    @property
    def base(self) -> str:
        """The path of the page."""
        return f"/{self.token}/"

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{ADDRESS}:{self.port}{self.base}"

    @property
    def hosts(self) -> frozenset[str]:
        """The values that the header Host may have: a name that an attacker's DNS gives is none."""
        names = (ADDRESS, "localhost")
        bare = names if self.port == 80 else ()  # the port that browsers do not say
        return frozenset(f"{name}:{self.port}" for name in names) | frozenset(bare)


class Guard:
    """Refuses what does not come from the page itself, and says with each answer what the page may do."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self.refused(scope)
        await (refused or self.app)(scope, receive, guarded)

    def refused(self, scope: Scope) -> Response | None:
        """The refusal of a request, if there is one."""
        headers = Headers(scope=scope)
        if headers.getlist("host")[1:] or headers.get("host", "").lower() not in self.site.hosts:
            return PlainTextResponse("this page has another host", 400)
        ours = {f"http://{host}" for host in self.site.hosts}
        if any(origin.lower() not in ours for origin in headers.getlist("origin")):
            return PlainTextResponse("this page answers to itself only", 403)
        token = str(scope["path"]).split("/")[1:2]
        if not token or not secrets.compare_digest(
            token[0].encode("utf-8", "replace"), self.site.token.encode()
        ):
            return PlainTextResponse("there is nothing here", 404)
        return None


def application(site: Site) -> ASGIApp:
    """The ASGI application of a site."""
    known = {exercise.id: exercise for exercise in site.exercises}
    one_bench = asyncio.Semaphore(1)  # they compute for long: side by side none would be ready
    writing = asyncio.Lock()

    async def page(request: Request) -> Response:
        open_id = request.query_params.get("open", site.open)
        return HTMLResponse(await in_thread(_page, site, known, open_id))

    async def script(_: Request) -> Response:
        return Response(asset("lab.js"), media_type="text/javascript")

    async def style(_: Request) -> Response:
        return Response(asset("lab.css"), media_type="text/css")

    async def ask(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in KINDS:
            raise HTTPException(404)
        try:
            body = json.loads(await body_of(request, MOST_ASKED))
        except (ValueError, RecursionError):
            raise HTTPException(400, "the question is no JSON") from None
        async with one_bench if kind == "bench" else contextlib.nullcontext():
            return _json(await in_thread(answer, kind, body, known))

    async def get_state(_: Request) -> Response:
        async with writing:
            return _json(await in_thread(site.saved.load))

    async def put_state(request: Request) -> Response:
        try:
            state = read_state(await body_of(request, MOST_KEPT))
        except ValueError as error:
            raise HTTPException(400, f"the state {error}") from None
        try:
            async with writing:
                await in_thread(site.saved.save, state)
        except OSError as error:
            message = f"the answers cannot be kept in '{site.saved.path}': {error.strerror}"
            site.warn(message)
            raise HTTPException(507, message) from None
        except RecursionError:
            raise HTTPException(400, "the state is nested too deeply") from None
        return Response(status_code=204)

    base = site.base
    routes = [
        Route(base, page),
        Route(f"{base}lab.js", script),
        Route(f"{base}lab.css", style),
        Route(f"{base}ask/{{kind}}", ask, methods=["POST"]),
        Route(f"{base}state", get_state, methods=["GET"]),
        Route(f"{base}state", put_state, methods=["PUT"]),
    ]
    return Guard(Starlette(routes=routes), site)


def _page(site: Site, known: Mapping[str, Exercise], open_id: str | None) -> str:
    opened = []
    if open_id is not None:
        with contextlib.suppress(UsageError, KeyError):
            opened = [exercise_named(open_id, known)]
    shown = list({exercise.id: exercise for exercise in [*site.exercises, *opened]}.values())
    data = page_data(
        "page",
        shown,
        index=course_index(),
        open=opened[0].id if opened else None,
        base=site.base,
        state=site.saved.load(),
    )
    style = f'<link rel="stylesheet" href="{site.base}lab.css">'
    return document(data, style, f'<script type="module" src="{site.base}lab.js"></script>')


def _json(found: dict[str, Any] | State) -> Response:
    return Response(as_json(found), media_type="application/json")


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises
    ------
    HTTPException
        413 if it has more than `most` bytes; what comes after them is read, up to a limit, but not kept,
        so that the sender gets to read the refusal.
    """
    body = bytearray()
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= most:
                body += chunk
            elif size > 8 * MOST_KEPT:
                break
    except ClientDisconnect:
        raise HTTPException(400) from None
    if size > most:
        raise HTTPException(413, f"more than {most} bytes")
    return bytes(body)


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """The result of a long computation.

    Its thread does not keep the process from ending, as that of a pool would.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def work() -> None:
        result, error = None, None
        try:
            result = function(*arguments)
        except Exception as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=work, daemon=True).start()
    return await done


def listen(port: int = 0) -> socket.socket:
    """A socket that listens on loopback; 0 finds a free port.

    Raises
    ------
    UsageError
        If the port is taken or not ours to take.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or it waits for minutes
        found.bind((ADDRESS, port))
        found.listen()
    except OSError as error:
        found.close()
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES) and sys.platform == "win32"
        taken = taken or error.errno == errno.EADDRINUSE
        reason = "is taken by another program" if taken else f"cannot be used: {error.strerror}"
        raise UsageError(
            f"port {port} {reason}", help="leave out --port, and a free port is found: nudgegrad lab"
        ) from None
    return found


def serve(site: Site, listening: socket.socket) -> None:
    """Serve until Ctrl-C, which ends it and is passed on as `KeyboardInterrupt`."""
    config = uvicorn.Config(
        application(site),
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
