import pytest
from in_ci import SENTENCE

RUN_S = 60
SKIPPED = "def test_it(cassandra): ...\ndef test_too(cassandra_node): ..."
ONE_RAN = "import pytest\n@pytest.fixture\ndef cassandra(): ...\n" + SKIPPED
OTHERS = "def test_it(): ..."


@pytest.fixture
def run_without_java(run_pytest, tmp_path):
    """run_without_java("def test_it(cassandra): ...", ci="1"): exit status and output of a run where no node can start."""

    def run(tests, ci):
        empty = {"PATH": str(tmp_path), "JAVA_HOME": "", "XDG_CACHE_HOME": str(tmp_path / "cache"), "CADENT_TEST_CASSANDRA": ""}
        program = run_pytest(tests, CI=ci, **empty)
        return program.wait(RUN_S), program.output

    return run


def test_without_java_or_maven_each_test_is_skipped_with_a_line_that_says_what_to_install(run_without_java):
    status, output = run_without_java(SKIPPED, ci="")
    assert status == 0
    lines = [line for line in output.splitlines() if line.startswith("SKIPPED")]
    assert len(lines) == 2
    assert all("apt-get install" in line for line in lines)
    assert SENTENCE not in output


def test_in_ci_a_run_without_any_test_of_cassandra_has_failed(run_without_java):
    status, output = run_without_java(SKIPPED, ci="1")
    assert status == 1
    assert SENTENCE in output


@pytest.mark.parametrize("tests", [ONE_RAN, OTHERS])
def test_in_ci_a_run_passes_if_one_ran_or_none_was_there(run_without_java, tests):
    status, output = run_without_java(tests, ci="1")
    assert status == 0
    assert SENTENCE not in output
