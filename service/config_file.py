"""TOML in and out: each mistake in a file or flag becomes one sentence."""

from __future__ import annotations

import difflib
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..schema.errors import ConfigError
from .config import Config, Setting, SettingName, sections, settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TOML_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a fraction", list: "a list", dict: "a table"}


def read_config(file: Path | None, flags: Mapping[SettingName, tuple[str, str]]) -> Config:
    """The defaults, then ``file``, then ``flags``: name of the setting -> (the flag, its text)."""
    config = Config() if file is None else _from_file(file)
    values = {name: _value(settings()[name], text, flag) for name, (flag, text) in flags.items()}
    return config.replace(values)


def from_toml(text: str, origin: str) -> Config:
    """The configuration that ``text`` describes; ``origin`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not TOML: {error}") from None
    values = {setting.name: _value(setting, value, f"{origin}: {setting.name}") for setting, value in _pairs(document, origin)}
    return Config().replace(values)


def to_toml(config: Config) -> str:
    """``config`` as a commented file that ``from_toml`` reads back."""
    lines: list[str] = []
    for section, doc, group in sections():
        lines += ["", f"# {doc}", f"[{section}]"]
        for setting in group:
            lines += textwrap.wrap(setting.doc, 110, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{setting.name.key} = {setting.show(config)}")
    return "\n".join(lines[1:]) + "\n"


def _from_file(file: Path) -> Config:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration {file} is not UTF-8 text") from None
    return from_toml(text, str(file))


def _pairs(document: Mapping[str, object], origin: str) -> Iterator[tuple[Setting, object]]:
    """Each value of ``document`` with the setting it is for."""
    known = settings()
    names = {name.section for name in known}
    for section, table in document.items():
        if not isinstance(table, dict):
            raise ConfigError(f"{origin}: {section} stands outside a section; did you mean {_nearest(SettingName('', section))}?")
        if section not in names:
            raise ConfigError(f"{origin}: [{section}] is not a section; did you mean [{_nearest_word(section, names)}]?")
        for key, value in table.items():
            name = SettingName(section, key)
            if name not in known:
                raise ConfigError(f"{origin}: {name} is not a setting; did you mean {_nearest(name)}?")
            yield known[name], value


def _nearest(unknown: SettingName) -> SettingName:
    """The known setting whose key is most like the unknown one's; one of the same section if two are."""

    def likeness(name: SettingName) -> tuple[float, bool]:
        return difflib.SequenceMatcher(None, name.key, unknown.key).ratio(), name.section == unknown.section

    return max(settings(), key=likeness)


def _nearest_word(unknown: str, known: set[str]) -> str:
    return difflib.get_close_matches(unknown, sorted(known), n=1, cutoff=0.0)[0]


def _value(setting: Setting, value: object, origin: str) -> object:
    try:
        return setting.kind.read(value)
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}") from None
    except ValueError:
        got = f"{value!r} ({_TOML_NAMES.get(type(value), 'a date or time')})"
        raise ConfigError(f"{origin}: got {got}; want {setting.kind.wanted}") from None
