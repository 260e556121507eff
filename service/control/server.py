"""The writer's control socket: one frame asks, one frame answers, on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...schema.errors import CadentError, InputError
from .frame import LENGTHS, MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, SOCKET_NAME, Header, pack, socket_path, unpack_header

Answer: TypeAlias = tuple[dict[str, Any], bytes]
# An operation takes the request's header and payload and returns the answer's, without "ok". One that takes long is a
# coroutine: meanwhile the writer goes on, and other connections are answered.
Operation: TypeAlias = Callable[[Header, bytes], Answer | Awaitable[Answer]]


class ControlServer:
    """Answers ``operations`` on ``<folder>/control.sock``; only the folder's owner may connect."""

    def __init__(self, folder: Path, operations: Mapping[str, Operation]) -> None:
        self._folder = folder
        self._operations = operations
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen. The caller holds the folder's lock, so a socket that is there already is a dead writer's."""
        (self._folder / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with socket_path(self._folder) as path:
            listener.bind(path)
        (self._folder / SOCKET_NAME).chmod(0o600)
        self._server = await asyncio.start_unix_server(self._connected, sock=listener)

    async def close(self) -> None:
        """End all connections. Operations that are not done get no answer."""
        if self._server is None:
            return
        self._server.close()
        for task, connection in self._connections.items():
            connection.transport.abort()
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        (self._folder / SOCKET_NAME).unlink(missing_ok=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that goes away or writes nonsense loses its connection and no more.
        with contextlib.closing(writer), contextlib.suppress(OSError, EOFError, ValueError):
            while True:
                writer.write(await self._answer(*await _request(reader)))
                await writer.drain()

    async def _answer(self, header: Header, payload: bytes) -> bytes:
        operation = self._operations.get(str(header.get("op")))
        if operation is None:
            return pack(
                {"ok": False, "error": f"no operation {header.get('op')!r}; known: {', '.join(sorted(self._operations))}"}
            )
        try:
            answered = operation(header, payload)
            answer, body = await answered if inspect.isawaitable(answered) else answered
        except (CadentError, ValueError, KeyError) as error:
            return pack({"ok": False, "error": str(error), "input": isinstance(error, InputError)})
        return pack({"ok": True, **answer}, body)


async def _request(reader: asyncio.StreamReader) -> tuple[Header, bytes]:
    header_bytes, payload_bytes = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
    if header_bytes > MAX_HEADER_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a request of {header_bytes} + {payload_bytes} bytes")
    return unpack_header(await reader.readexactly(header_bytes)), await reader.readexactly(payload_bytes)
