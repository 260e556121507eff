"""Cadent: a Graphite-compatible metrics store and query backend."""

__version__ = "0.1.0"


def __getattr__(name):  # type: (str) -> object
    # Users name cadent.CadentFinder in graphite's settings; nothing else needs the finder at import time.
    if name == "CadentFinder":
        from .cadentfinder.finder import CadentFinder

        return CadentFinder
    raise AttributeError("module 'cadent' has no attribute " + repr(name))
