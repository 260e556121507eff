"""The command line itself: help, wrong usage, and an installation that lacks something."""

import re
import subprocess
import sys
from pathlib import Path

import cadent
import pytest
from cadent.service.processes import requirements
from package import copy_of_the_package
from programs import run_cadent

COMMANDS = ["serve", "config", "find", "fetch", "stats", "version"]
COMMANDS += ["delete", "rename", "compact", "snapshot", "restore", "check"]


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_the_version(tmp_path, arguments):
    done = run_cadent(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"cadent {cadent.__version__}\n")


def test_every_command_is_in_the_help(tmp_path):
    done = run_cadent("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^ +{command} +\w", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["serve", "config", "find", "fetch", "stats"])
def test_every_flag_has_a_line_of_help_and_its_default(tmp_path, command):
    text = run_cadent(command, "--help", cwd=tmp_path, COLUMNS="200").stdout
    flags = re.findall(r"^ +(--[a-z]+) \S+ +(\w.*)$", text, re.MULTILINE)
    flags += re.findall(r"^ +(--[a-z]+) \S+\n +(\w.*)$", text, re.MULTILINE)
    assert {flag for flag, _ in flags} == set(re.findall(r"^ +(--[a-z]+) [A-Z{]", text, re.MULTILINE))
    for flag, words in flags:
        assert "(default" in words, f"{flag}: {words}"


def test_the_defaults_in_the_help_are_the_readmes(tmp_path):
    text = run_cadent("serve", "--help", cwd=tmp_path, COLUMNS="200").stdout
    for default in ("cadent-data", "127.0.0.1:2003", "127.0.0.1:8083", "10s:7d,1m:30d,10m:2y"):
        assert f"(default {default})" in text


@pytest.mark.parametrize(
    "arguments",
    [[], ["explode"], ["serve", "--explode"], ["serve", "--data"], ["find"], ["fetch"], ["fetch", "a", "--agg", "median"]],
    ids=" ".join,
)
def test_a_wrong_usage_is_status_2(tmp_path, arguments):
    done = run_cadent(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: cadent" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("kernel", requirements.KERNELS)
def test_a_missing_compiled_module_is_one_sentence(tmp_path, kernel):
    copy = copy_of_the_package(tmp_path, f"{kernel.rpartition('.')[2]}*.so")
    done = run_cadent("serve", "--data", tmp_path / "data", cwd=tmp_path, PYTHONPATH=str(copy))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr), done.stderr
    assert f"cadent.{kernel}" in done.stderr
    assert "compiler" in done.stderr
    assert requirements.REINSTALL in done.stderr
    assert not (tmp_path / "data").exists()


def test_every_compiled_module_is_looked_for():
    package = Path(cadent.__file__).parent
    built = {module for folder in ("accumulate", "codec", "index", "stores") for module in (package / folder).rglob("*.so")}
    names = {str(file.relative_to(package)).split(".")[0].replace("/", ".") for file in built}
    assert names <= set(requirements.KERNELS)


NEEDS = "cadent serve needs numpy, Flask, gunicorn, orjson, google-re2; install with: pip install 'cadent-graphite[server]'"


@pytest.mark.parametrize(("command", "sentence"), [("serve", NEEDS), ("check", NEEDS), ("stats", "no service answers")])
def test_an_installation_for_the_finder_alone_says_what_the_server_needs(tmp_path, command, sentence):
    """A bare environment, into which only our package came. What only asks a service needs no more."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    copy = copy_of_the_package(tmp_path / "copy")
    done = subprocess.run(
        [tmp_path / "bare/bin/python", "-m", "cadent", command],
        cwd=tmp_path,
        env={"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"cadent: {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(requirements.PACKAGES, "no_such_module", "No-Such-Package")
    with pytest.raises(requirements.ServiceError, match=r"No-Such-Package.*pip install"):
        requirements.check()
