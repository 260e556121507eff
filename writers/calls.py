"""Calls that another thread makes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def fulfil(future: Future[T], call: Callable[[], T]) -> None:
    """``future`` gets what ``call`` returns or raises, unless nobody waits for it any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
        future.set_exception(error)


def follow(one: Future[T], other: Future[T]) -> None:
    """``other`` ends as ``one`` does."""

    def end(ended: Future[T]) -> None:
        error = ended.exception()
        if error is None:
            other.set_result(ended.result())
        else:
            other.set_exception(error)

    one.add_done_callback(end)
