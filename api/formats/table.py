"""The formats of ``/render`` by name."""

from __future__ import annotations

from typing import Final

from ..answer import JSON
from ..params import Params
from . import comma_separated, datapoints, dygraph, raw, records, rickshaw
from .form import Form

FORMS: Final = {
    "json": Form(JSON, datapoints.encode, script=True, thinned=True),
    "csv": Form(comma_separated.MIMETYPE, comma_separated.encode),
    "raw": Form(raw.MIMETYPE, raw.encode),
    "msgpack": Form(records.MSGPACK, records.encode_msgpack),
    "pickle": Form(records.PICKLE, records.encode_pickle),
    "dygraph": Form(JSON, dygraph.encode, script=True),
    "rickshaw": Form(JSON, rickshaw.encode, script=True),
}

# What chooses a format by being there, whatever its value.
_SWITCHES: Final = {"rawData": "raw", "pickle": "pickle"}


def form(params: Params) -> Form | None:
    """The one that a request asks for; None for a picture, which is what Graphite draws for any name it does not know."""
    switched = next((name for switch, name in _SWITCHES.items() if params.has(switch)), "png")
    return FORMS.get(params.text("format", default=switched))
