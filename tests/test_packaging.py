import ast
import configparser
import importlib
import inspect
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
NOT_PACKAGED = {"tests", "benchmarks"}


def checkout() -> list[Path]:
    """Files of the checkout, relative to it: what git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout", allow_module_level=True)
    return sorted(Path(name) for name in listed.stdout.splitlines() if (ROOT / name).is_file())


CHECKOUT = checkout()


def shipped(pattern: str) -> list[Path]:
    return [file for file in CHECKOUT if file.match(pattern) and file.parts[0] not in NOT_PACKAGED]


KERNELS = shipped("*.pyx")


def module_name(file: Path) -> str:
    return ".".join(["cadent", *file.with_suffix("").parts])


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def pyproject() -> dict:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def declared(body: list[ast.stmt], prefix: str = "") -> dict[str, list[str]]:
    """Public names of a stub, ``Class.member`` too; of a function its parameters, else nothing."""
    names = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            is_property = any(isinstance(name, ast.Name) and name.id == "property" for name in node.decorator_list)
            names[prefix + node.name] = [] if is_property else [argument.arg.lstrip("_") for argument in arguments]
        elif isinstance(node, ast.ClassDef):
            names |= {node.name: []} | declared(node.body, f"{node.name}.")
        elif isinstance(node, ast.AnnAssign):
            names[prefix + node.target.id] = []
    return {name: parameters for name, parameters in names.items() if "_" not in {name[0], name.partition(".")[2][:1]}}


def compiled(module: object, members: dict[str, object], prefix: str = "") -> dict[str, list[str]]:
    """The same of a compiled module. Numbers are taken along, what the module imported is not."""
    names = {}
    for name, value in members.items():
        if (
            name.startswith("_")
            or (not prefix and getattr(value, "__module__", module.__name__) != module.__name__)
            or inspect.ismodule(value)
        ):
            continue
        names[prefix + name] = list(inspect.signature(value).parameters) if inspect.isroutine(value) and callable(value) else []
        if inspect.isclass(value):
            names |= compiled(module, vars(value), f"{name}.")
    return names


def run(*command: object, cwd: Path) -> None:
    done = subprocess.run([sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    """The unpacked sdist of a copy of the checkout, so that nothing is built in the tree itself."""
    copy, target = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("sdist")
    for file in CHECKOUT:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, copy / file)
    run("-c", "import sys, setuptools.build_meta as backend; backend.build_sdist(sys.argv[1])", target, cwd=copy)
    (archive,) = target.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(target)
    (unpacked,) = (entry for entry in target.iterdir() if entry.is_dir())
    return unpacked


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory) -> list[str]:
    """The names in a wheel built from that sdist, in which tests and benchmarks lie beside the packages as in a checkout."""
    target = tmp_path_factory.mktemp("wheel")
    run("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", target, sdist, cwd=target)
    (archive,) = target.glob("*.whl")
    return zipfile.ZipFile(archive).namelist()


def test_setup_cfg_lists_every_package_of_the_tree():
    folders = [file.parent for file in shipped("__init__.py")]
    assert sorted(setup_cfg()["options"]["packages"].split()) == sorted(".".join(["cadent", *folder.parts]) for folder in folders)


def test_every_module_lies_in_a_package():
    packages = {file.parent for file in shipped("__init__.py")}
    assert [file for file in shipped("*.py") if file.parent not in packages] == []


def test_tests_and_benchmarks_are_no_packages():
    assert [file for file in CHECKOUT if file.name == "__init__.py" and file.parts[0] in NOT_PACKAGED] == []


def test_only_the_root_modules_lie_at_the_top():
    """The root is the package: any other module there would be cadent.<module>."""
    assert {file.name for file in shipped("*.py") if len(file.parts) == 1} == {"__init__.py", "__main__.py"}


def test_the_finder_brings_no_dependency():
    assert pyproject()["project"]["dependencies"] == []


def test_every_kernel_is_an_optional_extension():
    extensions = pyproject()["tool"]["setuptools"]["ext-modules"]
    assert {extension["name"]: extension["sources"] for extension in extensions} == {
        module_name(kernel): [str(kernel)] for kernel in KERNELS
    }
    assert all(extension["optional"] for extension in extensions)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_kernels_stub_declares_what_the_compiled_module_has(kernel):
    module = importlib.import_module(module_name(kernel))
    stub = ast.parse((ROOT / kernel.with_suffix(".pyi")).read_text())
    assert compiled(module, vars(module)) == declared(stub.body)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_a_kernel_includes_only_what_lies_beside_it(kernel):
    """A cimport or include across folders is not found in an installed build."""
    text = (ROOT / kernel).read_text()
    assert [
        name for name in re.findall(r'^include "(.*)"', text, re.MULTILINE) if not (ROOT / kernel.parent / name).exists()
    ] == []
    assert re.findall(r"^\s*(?:from cadent\S* cimport|cimport cadent|from \.\S* cimport).*", text, re.MULTILINE) == []


def test_the_sdist_holds_all_that_a_build_needs(sdist):
    needed = [
        *shipped("*.py"),
        *shipped("*.pyi"),
        *shipped("*.pyx"),
        *shipped("*.pxi"),
        *map(Path, ("pyproject.toml", "setup.cfg", "LICENSE", "py.typed")),
    ]
    assert [file for file in needed if not (sdist / file).is_file()] == []


def test_the_wheel_holds_cadent_alone(wheel):
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cadent"}
    below = {name.split("/")[1] for name in wheel if name.startswith("cadent/")}
    assert not below & {*NOT_PACKAGED, "docs", "scripts", "setup.py", "conftest.py"}


def test_the_wheel_holds_every_module_stub_and_compiled_kernel(wheel):
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    expected = [*shipped("*.py"), *shipped("*.pyi"), *shipped("py.typed"), *(kernel.with_suffix(suffix) for kernel in KERNELS)]
    assert [file for file in expected if f"cadent/{file}" not in wheel] == []
