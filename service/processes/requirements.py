"""What ``cadent serve`` needs besides the standard library, looked for before anything starts."""

from __future__ import annotations

from importlib.util import find_spec

from ...schema.errors import KernelMissing, ServiceError

REINSTALL = "pip install --force-reinstall --no-cache-dir 'cadent-graphite[server]'"

# The extension modules of pyproject.toml.
KERNELS = (
    "codec._chunk",
    "codec._points",
    "index._frames",
    "index._tags",
    "index._trie",
    "accumulate._lines",
    "render._recurrences",
    "stores.log._gather",
    "stores.files._strips",
)
PACKAGES = {"numpy": "numpy", "flask": "Flask", "gunicorn": "gunicorn", "orjson": "orjson", "re2": "google-re2"}


def check() -> None:
    """Raise ServiceError or KernelMissing, with what to install, if something is not there. Imports nothing heavy."""
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise ServiceError(f"cadent serve needs {', '.join(missing)}; install with: pip install 'cadent-graphite[server]'")
    for kernel in KERNELS:
        check_kernel(f"cadent.{kernel}")


def check_driver() -> None:
    """Raise ServiceError if the driver of Cassandra is not there."""
    if find_spec("cassandra") is None:
        raise ServiceError("chunks in Cassandra need its driver; install with: pip install 'cadent-graphite[server,cassandra]'")


def check_kernel(module: str) -> None:
    """Raise KernelMissing if the compiled ``module`` was not built."""
    if find_spec(module) is None:
        raise KernelMissing(
            f"the compiled module {module} is missing; install a C compiler and Python's headers "
            f"(apt-get install gcc libc6-dev python3-dev), then run: {REINSTALL}"
        )
