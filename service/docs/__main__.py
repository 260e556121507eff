"""``python -m cadent.service.docs FOLDER`` writes what is generated: configuration.md, cadent.toml and functions.md."""

from __future__ import annotations

import sys
from pathlib import Path

from ..config.file import to_toml
from ..config.settings import Config
from .configuration import configuration_page
from .functions import functions_page


def write(folder: Path) -> None:
    """Write all of them into ``folder``."""
    (folder / "configuration.md").write_text(configuration_page(), encoding="utf-8")
    (folder / "cadent.toml").write_text(to_toml(Config()), encoding="utf-8")
    (folder / "functions.md").write_text(functions_page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
