"""TOML in and out: each mistake in a file or flag becomes one sentence."""

from __future__ import annotations

import dataclasses
import difflib
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from ...schema.errors import ConfigError
from . import policy_tables
from .settings import Config, Setting, SettingName, sections, settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_config(file: Path | None, flags: Mapping[SettingName, tuple[str, str]]) -> Config:
    """The defaults, then ``file``, then ``flags``: name of the setting -> (the flag, its text)."""
    config = Config() if file is None else from_toml(read_text(file), str(file))
    values = {name: settings()[name].kind.take(text, flag) for name, (flag, text) in flags.items()}
    return config.replace(values)


def from_toml(text: str, origin: str) -> Config:
    """The configuration that ``text`` describes; ``origin`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin} is not TOML: {error}") from None
    policy = policy_tables.read_policies(document.pop(policy_tables.POLICY.name, []), origin)
    statistic = policy_tables.read_rules(document.pop(policy_tables.STATISTIC.name, []), origin)
    values = {setting.name: setting.kind.take(value, f"{origin}: {setting.name}") for setting, value in _pairs(document, origin)}
    config = dataclasses.replace(Config().replace(values), policy=policy, statistic=statistic)
    try:
        config.policies  # noqa: B018 - each policy is sound; they may not fit together
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}") from None
    return config


def read_text(file: Path) -> str:
    """What is in a configuration file. ConfigError if it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration {file} is not UTF-8 text") from None


def to_toml(config: Config) -> str:
    """``config`` as a commented file that ``from_toml`` reads back."""
    lines: list[str] = []
    for section, doc, group in sections():
        lines += ["", f"# {doc}", f"[{section}]"]
        for setting in group:
            lines += textwrap.wrap(setting.doc, 110, initial_indent="# ", subsequent_indent="# ")
            lines.append(f"{setting.name.key} = {setting.show(config)}")
    return "\n".join(lines[1:]) + "\n" + policy_tables.to_toml(config.policy, config.statistic)


def _pairs(document: Mapping[str, object], origin: str) -> Iterator[tuple[Setting, object]]:
    """Each value of ``document`` with the setting it is for."""
    known = settings()
    names = {name.section for name in known}
    for section, table in document.items():
        if isinstance(table, list) and all(isinstance(one, dict) for one in table):
            raise ConfigError(f"{origin}: [[{section}]] is not a table; did you mean {_nearest_header(section, names)}?")
        if not isinstance(table, dict):
            raise ConfigError(f"{origin}: {section} stands outside a section; did you mean {_nearest(SettingName('', section))}?")
        if section not in names:
            raise ConfigError(f"{origin}: [{section}] is not a section; did you mean {_nearest_header(section, names)}?")
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


def _nearest_header(unknown: str, sections: set[str]) -> str:
    headers = {name: f"[{name}]" for name in sections} | {table: f"[[{table}]]" for table in policy_tables.NAMES}
    return headers[_nearest_word(unknown, set(headers))]


def _nearest_word(unknown: str, known: set[str]) -> str:
    return difflib.get_close_matches(unknown, sorted(known), n=1, cutoff=0.0)[0]
