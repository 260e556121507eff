"""What a Cassandra node runs on: this machine's Java 17, and the jars, which Maven copies into the user's cache once."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


class Missing(Exception):
    """This machine has no Java 17, no Maven, or Maven no way to its repository; the sentence says what to do."""


@dataclass(frozen=True)
class Runtime:
    java: str
    jars: Path


def runtime() -> Runtime:
    return Runtime(java_17(), cassandra_jars())


def java_17() -> str:
    """Cassandra 5.0 runs on Java 11 and 17, not on what is newer."""
    for java in (f"{os.environ.get('JAVA_HOME', '')}/bin/java", "java", *map(str, Path("/usr/lib/jvm").glob("*17*/bin/java"))):
        if java_version(java) == "17":
            return java
    raise Missing("Cassandra needs Java 17: apt-get install openjdk-17-jre-headless")


def java_version(java: str) -> str:
    """Its first number; nothing where it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        return ""
    found = re.search(r'version "(\d+)', said)
    return found[1] if found else ""


def cassandra_jars() -> Path:
    """The folder with the jars that the pom names. Each state of the pom has its own, complete once it is there."""
    state = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    jars = cache_folder() / f"cassandra-{state}"
    with locked(jars.with_suffix(".lock")):
        if not jars.exists():
            copy_jars(jars)
    return jars


def cache_folder() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cadent"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Two runs of the suite do not fetch the same."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy_jars(jars: Path) -> None:
    if shutil.which("mvn") is None:
        raise Missing("Cassandra's jars come with Maven: apt-get install maven")
    part = jars.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    command = ["mvn", "-B", "-ntp", "-q", "-f", POM, COPY, "-DincludeScope=runtime", f"-DoutputDirectory={part}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"Maven could not fetch Cassandra's jars: {first_line(done.stdout + done.stderr)}")
    part.rename(jars)


def first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "it does not say why")
