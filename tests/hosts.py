"""The Graphite hosts, each under gunicorn on a free loopback port, eight requests at a time."""

import json
import os
import subprocess
from pathlib import Path

from programs import Program, Web, free_port

GRAPHITE_WEB_SETTINGS = """
SECRET_KEY = "for tests on loopback"
ALLOWED_HOSTS = ["127.0.0.1"]
TIME_ZONE = "UTC"
STORAGE_DIR = CONF_DIR = LOG_DIR = {folder!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db"}}}}
LOG_ROTATION = False
STORAGE_FINDERS = ["cadent.CadentFinder"]
CADENT_URLS = {urls!r}
USE_WORKER_POOL = False

# Its list of functions uses what Python 3.11 does not have.
import inspect

inspect.getargspec = lambda function: inspect.getfullargspec(function)[:4]
inspect.formatargspec = lambda *spec: str(spec)
"""


def graphite_web(bin_folder: Path, folder: Path, urls: list[str], settings: str = "") -> tuple[Program, Web]:
    """graphite-web 1.1.10; ``settings`` are lines behind those that all have."""
    all_settings = GRAPHITE_WEB_SETTINGS.format(folder=str(folder), urls=urls) + settings
    (folder / "graphite_local_settings.py").write_text(all_settings)
    environment = {
        "DJANGO_SETTINGS_MODULE": "graphite.settings",
        "GRAPHITE_SETTINGS_MODULE": "graphite_local_settings",
        "PYTHONPATH": str(folder),
    }
    migrate = [bin_folder / "django-admin", "migrate", "--run-syncdb", "-v", "0"]
    subprocess.run(migrate, cwd=folder, env={**os.environ, **environment}, capture_output=True, check=True)
    return gunicorn(bin_folder, folder, "graphite.wsgi:application", **environment)


def graphite_api(bin_folder: Path, folder: Path, urls: list[str]) -> tuple[Program, Web]:
    """graphite-api 1.1.3."""
    config = {
        "finders": ["cadent.CadentFinder"],
        "cadent": {"urls": urls},
        "time_zone": "UTC",
        "search_index": str(folder / "index"),
    }
    (folder / "graphite-api.yaml").write_text(json.dumps(config))  # JSON is YAML
    return gunicorn(bin_folder, folder, "graphite_api.app:app", GRAPHITE_API_CONFIG=str(folder / "graphite-api.yaml"))


def gunicorn(bin_folder: Path, folder: Path, application: str, **environment: str) -> tuple[Program, Web]:
    port = free_port()
    program = Program([bin_folder / "gunicorn", "--threads", "8", "-b", f"127.0.0.1:{port}", application], folder, **environment)
    try:
        program.wait_for(port)
    except BaseException:
        program.stop()
        raise
    return program, Web(port)
