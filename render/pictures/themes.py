"""Sets of colours by the names that Graphite's ``template`` has for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .colors import Color, known

_LINES = "blue,green,red,purple,brown,yellow,aqua,grey,magenta,pink,gold,rose"
_SOLARIZED = "268bd2aa,859900aa,dc322faa,d33682aa,db4b16aa,b58900aa,2aa198aa,6c71c4aa"
_GRAFANA = "7eb26d,eab839,6ed0e0,ef843c,e24d42,1f78c1,ba43a9,705da0,508642,cca300,447ebc"

# Light to dark; the one with a 2 at its end goes the other way.
_SCALES = {
    "ocean": "f7fcf0,e0f3db,ccebc5,a8ddb5,7bccc4,4eb3d3,2b8cbe,0868ac,084081",
    "forest": "f7fcf5,e5f5e0,c7e9c0,a1d99b,74c476,41ab5d,238b45,005a32",
    "sunset": "fff5eb,fee6ce,fdd0a2,fdae6b,fd8d3c,f16913,d94801,8c2d04",
    "moonlight": "fcfbfd,efedf5,dadaeb,bcbddc,9e9ac8,807dba,6a51a3,4a1486",
    "lava": "fff5f0,fee0d2,fcbba1,fc9272,fb6a4a,ef3b2c,cb181d,99000d",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """``lines`` are taken in turn."""

    background: Color
    foreground: Color
    major: Color
    minor: Color
    lines: tuple[Color, ...]


def _theme(background: str, foreground: str, major: str, minor: str, lines: str = _LINES) -> Theme:
    return Theme(known(background), known(foreground), known(major), known(minor), tuple(map(known, lines.split(","))))


DEFAULT: Final = _theme("white", "black", "rose", "grey")

THEMES: Final = {
    "default": DEFAULT,
    "plain": DEFAULT,
    "classic": _theme("black", "white", "white", "grey"),
    "noc": _theme("black", "white", "white", "grey", "blue,green,red,yellow,purple,brown,aqua,grey,magenta,pink,gold,rose"),
    "summary": _theme("black", "white", "white", "grey", "6666ff,66ff66,ff6666"),
    "alphas": _theme("white", "black", "grey", "rose", "00ff00aa,ff000077,00337799"),
    "solarized-light": _theme("fdf6e3", "657b83", "073642", "586e75", _SOLARIZED),
    "solarized-dark": _theme("002b36", "839496", "fdf6e3", "eee8d5", _SOLARIZED),
    "grafana": _theme("white", "black", "rose", "grey", _GRAFANA),
    **{f"{name}1": _theme("white", "black", "rose", "grey", scale) for name, scale in _SCALES.items()},
    **{f"{name}2": _theme("white", "black", "rose", "grey", ",".join(scale.split(",")[::-1])) for name, scale in _SCALES.items()},
}
