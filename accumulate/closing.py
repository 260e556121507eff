"""Which open windows are due."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .limits import Limits

# A row of ``Kernel.describe``. ``opened``: what the present was when the window was opened; ``touched``: the steady time of
# its last sample.
OPEN_WINDOW = np.dtype(
    [("level", "<u4"), ("number", "<u4"), ("bytes", "<u8"), ("present", "<u8"), ("opened", "<f8"), ("touched", "<f8")]
)

Positions = NDArray[np.uint32]


class Closing:
    """The rule: live windows close ``grace_s`` after their end, past ones when they have been quiet for a while, and at the
    bound on bytes those longest without a sample close first, whichever they are."""

    def __init__(self, steps_s: Sequence[int], limits: Limits) -> None:
        """``steps_s[i]`` is the step of level i."""
        self._steps_s = np.array(steps_s, np.int64)
        self._grace_s = self._steps_s if limits.grace_s is None else np.full(len(steps_s), limits.grace_s, np.int64)
        self._quiet_s = limits.quiet_s
        self._most_bytes = limits.open_windows_bytes

    def due(self, windows: NDArray[np.void], present: float, steady: float) -> Positions:
        """Ascending positions in ``windows`` (OPEN_WINDOW) of those to close now."""
        due = self._has_ended(windows, present, steady)
        kept_bytes = int(windows["bytes"][~due].sum())
        if kept_bytes > self._most_bytes:
            # Down to three quarters, so that the bound is not met again with the next line.
            due |= self._longest_quiet(windows, due, kept_bytes - self._most_bytes * 3 // 4)
        return np.flatnonzero(due).astype(np.uint32)

    def _has_ended(self, windows: NDArray[np.void], present: float, steady: float) -> NDArray[np.bool_]:
        level = windows["level"]
        closes = (windows["number"].astype(np.int64) + 1) * self._steps_s[level] + self._grace_s[level]
        is_past = windows["opened"] >= closes
        is_quiet = steady - windows["touched"] >= self._quiet_s
        ended: NDArray[np.bool_] = np.where(is_past, is_quiet, present >= closes)
        return ended

    @staticmethod
    def _longest_quiet(windows: NDArray[np.void], due: NDArray[np.bool_], excess_bytes: int) -> NDArray[np.bool_]:
        """As few of the windows not ``due`` as free ``excess_bytes``; among equally quiet ones those opened first."""
        order = np.flatnonzero(~due)
        order = order[np.argsort(windows["touched"][order], kind="stable")]
        freed_before = np.cumsum(windows["bytes"][order]) - windows["bytes"][order]
        chosen = np.zeros(len(windows), np.bool_)
        chosen[order[freed_before < excess_bytes]] = True
        return chosen
