"""``python -m cadent.service.docs FOLDER`` writes what is generated from the settings: configuration.md and cadent.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from .config import Config, sections
from .config_file import to_toml

_HEAD = """\
# Configuration

Nothing has to be configured: `cadent serve` runs with the defaults below. To change something, give a flag or a file:

```sh
cadent serve --config cadent.toml          # what the file leaves out keeps its default
cadent serve --data /var/lib/cadent        # a flag wins over the file
cadent config --config cadent.toml         # prints the effective configuration, as TOML that can be read back
```

[cadent.toml](cadent.toml) is that file with every default in it. An unknown key ends the start and names the nearest known one.
Durations are written `30s`, `5m`, `7d` or as a number of seconds; sizes `64MB`, `1GiB` or as a number of bytes.

| flag of `cadent serve` | setting |
|---|---|
| `--data DIR` | `[store] data` |
| `--ladder LADDER` | `[store] ladder` |
| `--graphite HOST:PORT` | `[graphite] listen` |
| `--http HOST:PORT` | `[http] listen` |
"""


def configuration_page() -> str:
    """docs/configuration.md."""
    return _HEAD + "".join(_section(*section) for section in _rows())


def _rows() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    defaults = Config()
    return [(name, doc, [(s.name.key, s.show(defaults), s.doc) for s in group]) for name, doc, group in sections()]


def _section(name: str, doc: str, rows: list[tuple[str, str, str]]) -> str:
    table = "".join(f"| `{key}` | `{default}` | {text} |\n" for key, default, text in rows)
    return f"\n## [{name}]\n\n{doc}\n\n| key | default | what it is and what it costs |\n|---|---|---|\n{table}"


def write(folder: Path) -> None:
    """Write both files into ``folder``."""
    (folder / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    (folder / "cadent.toml").write_text(to_toml(Config()), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
