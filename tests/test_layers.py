import ast
import configparser
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = sorted(folder.name for folder in ROOT.iterdir() if (folder / "__init__.py").exists())
MODULES = sorted(module for part in PARTS for module in (ROOT / part).rglob("*.py"))

# The service hands the time to all others; the finder has a deadline of its own and no service above it.
MAY_READ_CLOCKS = {"service", "cadentfinder"}
CLOCKLESS = [module for module in MODULES if module.relative_to(ROOT).parts[0] not in MAY_READ_CLOCKS]
CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}

LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint_imports(config: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINTER, "--no-cache", "--no-logo", "--config", str(config)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def clock_reads(source: str) -> set[str]:
    """``module.function`` for each clock that the source calls or imports by name."""
    reads = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            if node.attr in CLOCKS.get(owner, ()):
                reads.add(f"{owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module in CLOCKS:
            reads |= {f"{node.module}.{name.name}" for name in node.names if name.name in CLOCKS[node.module]}
    return reads


def absolute_imports(source: str) -> set[str]:
    """The first words of the modules that the source imports absolutely."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").partition(".")[0])
    return names


def test_imports_keep_to_the_floors():
    checked = lint_imports(ROOT / ".importlinter")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_import_across_the_floors_would_be_seen(tmp_path):
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    config["importlinter:contract:floors"]["layers"] = "\n".join(["", "schema", *(part for part in PARTS if part != "schema")])
    with (tmp_path / "upside-down").open("w") as upside_down:
        config.write(upside_down)
    assert "BROKEN" in lint_imports(tmp_path / "upside-down").stdout


@pytest.mark.parametrize("module", CLOCKLESS, ids=lambda module: str(module.relative_to(ROOT)))
def test_no_clock_is_read_below_the_service(module):
    assert clock_reads(module.read_text()) == set()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_no_part_is_imported_by_its_bare_name(module):
    assert absolute_imports(module.read_text()) & set(PARTS) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import datetime\ndatetime.datetime.now()",
        "from time import monotonic",
        "clock = time.perf_counter",
    ],
)
def test_a_clock_is_known_in_each_of_its_spellings(source):
    assert clock_reads(source)


def test_a_bare_import_is_told_from_a_relative_one():
    assert absolute_imports("import schema.path\nfrom api import app\nfrom ..codec import chunk\nfrom . import x") == {
        "schema",
        "api",
    }
