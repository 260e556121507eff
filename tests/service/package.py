"""Copies of the installed package, to be broken."""

import shutil
from pathlib import Path

import cadent


def copy_of_the_package(folder: Path, *without: str) -> Path:
    """The package as it is installed here, less some files; the folder to have on PYTHONPATH."""
    skipped = shutil.ignore_patterns(".*", "tests", "benchmarks", "docs", "build", "__pycache__", *without)
    shutil.copytree(Path(cadent.__file__).parent, folder / "cadent", ignore=skipped)
    return folder
