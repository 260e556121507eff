"""Stands in for system calls, wherever this Python's pathlib keeps its own references to them."""

import os
import pathlib
from collections.abc import Callable

# Python 3.10's paths call what this class had at its import.
_ACCESSOR = getattr(pathlib, "_NormalAccessor", None)


def replace_call(set_attribute: Callable[[object, str, object], None], name: str, call: Callable) -> None:
    """From now on ``os.<name>`` and what paths make of it is ``call``; ``set_attribute`` as setattr."""
    if getattr(_ACCESSOR, name, None) is getattr(os, name):  # its open is not that of os
        set_attribute(_ACCESSOR, name, staticmethod(call))
    set_attribute(os, name, call)
