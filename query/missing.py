"""What an answer lacks, and had if all were well."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """``writer_gone``: a writer was expected and did not answer, so what its open windows hold is missing. ``damaged``: the first
    stored bytes that could not be read, so some points are missing; empty if all could. ``unreachable``: what a server that keeps
    points did not give, the first time it did not; empty if it gave all."""

    writer_gone: bool = False
    damaged: str = ""
    unreachable: str = ""

    def __or__(self, other: Missing) -> Missing:
        return Missing(
            self.writer_gone or other.writer_gone, self.damaged or other.damaged, self.unreachable or other.unreachable
        )


NOTHING = Missing()
