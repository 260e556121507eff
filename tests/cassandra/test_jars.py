import pytest
from jars import Missing, cassandra_jars, java_17, java_version

COPIES = """#!/bin/sh
echo "$@" >> {calls}
for word in "$@"; do case $word in -DoutputDirectory=*) folder=${{word#*=}} ;; esac; done
mkdir "$folder" && echo jar > "$folder/cassandra.jar"
"""
COPIES_HALF = COPIES + "echo 'no route to the repository'; exit 1\n"


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """programs("mvn", text): a shell script of that name that is found first; the cache is empty and the test's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def put(name, text):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
        return str(folder / name)

    return put


@pytest.fixture
def calls(tmp_path):
    """calls(): how often Maven was called."""
    file = tmp_path / "calls"
    file.touch()
    return lambda: len(file.read_text().splitlines())


@pytest.fixture
def maven(programs, tmp_path):
    return lambda text: programs("mvn", text.format(calls=tmp_path / "calls"))


def test_the_jars_are_fetched_once(maven, calls, tmp_path):
    maven(COPIES)
    jars = cassandra_jars()
    assert [jar.name for jar in jars.iterdir()] == ["cassandra.jar"]
    assert jars.is_relative_to(tmp_path / "cache/cadent")
    assert cassandra_jars() == jars
    assert calls() == 1


def test_what_maven_left_half_done_is_begun_anew(maven, calls):
    maven(COPIES_HALF)
    with pytest.raises(Missing, match="no route to the repository"):
        cassandra_jars()
    maven(COPIES)
    assert [jar.name for jar in cassandra_jars().iterdir()] == ["cassandra.jar"]
    assert calls() == 2


def test_another_pom_has_jars_of_its_own(maven, calls, tmp_path, monkeypatch):
    maven(COPIES)
    first = cassandra_jars()
    pom = tmp_path / "pom.xml"
    pom.write_text("<project/>")
    monkeypatch.setattr("jars.POM", pom)
    assert cassandra_jars() != first
    assert calls() == 2


def test_without_maven_it_is_said_what_to_install(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="apt-get install maven"):
        cassandra_jars()


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', "17"),
        ('openjdk version "25" 2025-09-16 LTS', "25"),
        ('java version "1.8.0_392"', "1"),
        ("Error: could not find libjava.so", ""),
    ],
)
def test_a_java_is_asked_for_its_version(programs, said, version):
    assert java_version(programs("java", f"#!/bin/sh\necho '{said}' >&2\n")) == version


def test_a_newer_java_in_front_is_passed_over(programs, monkeypatch):
    newer = programs("java", "#!/bin/sh\necho 'openjdk version \"25\"' >&2\n")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    try:
        java = java_17()
    except Missing as missing:
        pytest.skip(str(missing))
    assert java not in {newer, "java"}
