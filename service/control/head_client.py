"""Asks the running writer for its open windows. Apart from the other questions: it takes numpy, which a start waits for."""

from __future__ import annotations

import numpy as np

from ...schema.head import HEAD_POINT, HeadAnswer
from ...schema.rows import Ids
from .client import ControlClient


class HeadClient(ControlClient):
    """The writer of a folder as a Head. Any thread."""

    def head(self, policy: str, ids: Ids) -> HeadAnswer:
        header, payload = self.request({"op": "head", "policy": policy}, np.ascontiguousarray(ids, "<u4").tobytes())
        return HeadAnswer(int(header["last_sequence"]), np.frombuffer(payload, HEAD_POINT))
