"""Asks the HTTP API of the service that runs on a data folder."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...schema.errors import QueryError, ServiceError
from ..control.client import ControlClient

_TIMEOUT_S = 60.0


class ApiClient:
    """The API of the service on ``folder``, found through its control socket. Raises WriterGone if none runs."""

    def __init__(self, folder: Path) -> None:
        control = ControlClient(folder)
        where = control.ask("health")["http"]
        control.close()
        self._host, self._port, self._base = where["host"], where["port"], where["base_path"].rstrip("/")

    def get(self, route: str, parameters: Sequence[tuple[str, str]]) -> Any:
        """The JSON that ``route`` below the base path answers. Raises QueryError with the server's words for a 4xx."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", f"{self._base}/{route}", urllib.parse.urlencode(parameters), _FORM)
            response = connection.getresponse()
            status, body = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(f"the API at {self._host}:{self._port} does not answer: {error}") from None
        finally:
            connection.close()
        if status == http.client.OK:
            return json.loads(body)
        if status < http.client.INTERNAL_SERVER_ERROR:
            raise QueryError(_words(body))
        raise ServiceError(f"the API answered {status}: {_words(body)}")


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _words(body: bytes) -> str:
    """What an error answer says, whether it is JSON or text."""
    text = body.decode("utf-8", "replace").strip()
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    return str(answer.get("error", text)) if isinstance(answer, dict) else text
