"""``cadent policy import``, against carbon's own code and its own example files."""

import re
import tempfile
from pathlib import Path

import environments
import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.policy import Policies
from cadent.service.config.carbon_rules import read_aggregation, read_schemas
from cadent.service.config.file import from_toml
from carbon_process import Carbon
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import run_cadent

METHODS = {"mean": {"average", None}, "sum": {"sum"}, "min": {"min"}, "max": {"max"}, "last": {"last"}}
PATHS = [
    "carbon.agents.a.cpu",
    "app.busy.count",
    "app.busy.p99.max",
    "default",
    "a.b;dc=x;env=prod",
    "Servers.web-1.load.min",
    "ä.b",
]
PATTERNS = [
    r"^carbon\.",
    r"\.count$",
    "(max|min)$",
    "busy",
    "env=prod",
    "^[A-Z]",
    r"(?i)SERVERS\.",
    ".*",
    r"\.\w+\.",
    "ä",
    r"\d",
    "'",
]
RETENTIONS = [
    "60:1440",
    "10s:6h",
    "10s:6h, 1m:7d,10m:5y",
    "1h:2y,1m:30d",
    "60s:1d,300s:30d,3600:87600",
    "1s:90m",
    "1d:10y",
    "40s:90s,2m:1w",
]


@pytest.fixture(scope="module")
def bin_folder():
    return environments.environment("carbon")


@pytest.fixture(scope="module")
def carbon(bin_folder):
    running = Carbon(bin_folder)
    yield running
    running.close()


def imported(schemas: Path, aggregation: Path) -> Policies:
    text = "\n".join(map(str, [*read_schemas(schemas), *read_aggregation(aggregation)]))
    return from_toml(text, "imported").policies


def assert_same(policies: Policies, decided, paths: list[str]) -> None:
    for path, (archives, method) in zip(paths, decided, strict=True):
        policy = policies.for_path(path)
        assert [(one.step_s, one.ttl_s // one.step_s) for one in policy.ladder] == archives, path
        assert all(one.ttl_s % one.step_s == 0 for one in policy.ladder), path
        assert method in METHODS[policy.statistic_of(path)], path


def sections(keys: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    section = st.fixed_dictionaries(keys).map(lambda values: "".join(f"{key} = {value}\n" for key, value in values.items()))
    names = st.sampled_from(["default", "carbon", "Carbon", "a b", "a-b", "names", "x" * 80, "ää", "_"])
    listed = st.lists(st.tuples(names, section), max_size=6, unique_by=lambda one: one[0])
    return listed.map(lambda those: "# a comment\n" + "\n".join(f"[{name}]\n{text}" for name, text in those))


@settings(deadline=None)  # the first call waits until carbon has started
@given(
    sections({"pattern": st.sampled_from(PATTERNS), "retentions": st.sampled_from(RETENTIONS)}),
    sections(
        {
            "PATTERN": st.sampled_from(PATTERNS),
            "xFilesFactor": st.sampled_from(["0", "0.5"]),
            "aggregationMethod": st.sampled_from(["average", "sum", "min", "max", "last"]),
        }
    ),
)
def test_a_path_gets_what_it_gets_in_carbon(carbon, schemas, aggregation):
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "schemas"), Path(folder, "aggregation")
        for file, text in zip(files, (schemas, aggregation), strict=True):
            file.write_text(text)
        assert_same(imported(*files), carbon.decide(*files, PATHS), PATHS)


def test_carbons_own_examples_mean_what_they_mean_in_carbon(carbon, bin_folder):
    files = [bin_folder.parent / "conf" / f"storage-{name}.conf.example" for name in ("schemas", "aggregation")]
    policies = imported(*files)
    assert_same(policies, carbon.decide(*files, PATHS), PATHS)
    assert [policy.name for policy in policies] == ["carbon", "carbon-default", "default"]


@pytest.mark.parametrize(
    ("retentions", "ladder"), [("1min:1day", "1m:1d"), ("10sec:90min,1hour:2years", "10s:90m,1h:2y"), ("5minutes:1week", "5m:7d")]
)
def test_units_may_be_the_beginnings_of_words_as_in_older_carbons(tmp_path, retentions, ladder):
    write(tmp_path, f"[a]\npattern = .*\nretentions = {retentions}\n")
    (policy,) = (one.entry for one in read_schemas(tmp_path / "schemas.conf"))
    assert str(policy.ladder) == ladder


def write(folder: Path, schemas: str, aggregation: str = "") -> list[str]:
    """The flags for these files."""
    (folder / "schemas.conf").write_text(schemas)
    (folder / "aggregation.conf").write_text(aggregation)
    return ["--schemas", "schemas.conf", *(["--aggregation", "aggregation.conf"] if aggregation else [])]


SCHEMAS = "[stats]\npriority = 100\npattern = ^stats\\.\nretentions = 10s:6h,1m:7d\n[all]\npattern = .*\nretentions = 60:1440\n"
AGGREGATION = "[max]\npattern = 'max$\nxFilesFactor = 0.1\naggregationMethod = max\n"


def test_tables_are_printed_with_the_section_they_are_from_and_what_was_left_out(tmp_path):
    done = run_cadent("policy", "import", *write(tmp_path, SCHEMAS, AGGREGATION), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == r"""# schemas.conf, section [stats]; left out: priority = 100
[[policy]]
name = "stats"
match = '^stats\.'
ladder = "10s:6h,1m:7d"

# schemas.conf, section [all]
[[policy]]
name = "all"
match = '.*'
ladder = "1m:1d"

# aggregation.conf, section [max]; left out: xfilesfactor = 0.1
[[statistic]]
match = "'max$"
statistic = "max"

# What carbon does with a path that no section matches
[[statistic]]
match = '.'
statistic = "mean"
"""
    )


@pytest.mark.parametrize("before", [None, "", "[http]\nworkers = 1", "[[policy]]\nmatch = 'x'\nladder = '1m:1d'\n"])
def test_tables_are_appended_to_a_configuration(tmp_path, before):
    file = tmp_path / "cadent.toml"
    if before is not None:
        file.write_text(before)
    done = run_cadent("policy", "import", *write(tmp_path, SCHEMAS, AGGREGATION), "--into", file, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 more tables" in done.stdout
    assert file.read_text().startswith(before or "")
    config = from_toml(file.read_text(), "file")
    assert [policy.name for policy in config.policy] == ["x"] * ("policy" in (before or "")) + ["stats", "all"]
    assert config.http.workers == (1 if "http" in (before or "") else 2)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("[[policy]]\nname = 'stats'\nmatch = 'x'\nladder = '1m:1d'\n", ["same name: stats, stats, all"]),
        ("policy = []\n", ["cadent.toml is not TOML"]),
        ("[http]\nworkers = 'two'\n", ["cadent.toml: [http] workers"]),
    ],
)
def test_a_configuration_that_could_not_be_used_afterwards_stays_as_it_is(tmp_path, before, words):
    file = tmp_path / "cadent.toml"
    file.write_text(before)
    done = run_cadent("policy", "import", *write(tmp_path, SCHEMAS), "--into", "cadent.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert all(word in done.stderr for word in words), done.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("retentions", "words"),
    [
        ("7s:1d", "step 7s does not divide a day"),
        ("1w:10y", "step 604800s does not divide a day"),
        ("20s:1d,50s:2d", "step 50s (50s:2d) is not a multiple of the finer step 20s (20s:1d)"),
        ("10s:2d,60s:1d", "ttl 86400s (1m:1d) is not longer than the finer ttl 172800s (10s:2d)"),
        ("10s:1d,10s:2d", "is not a multiple of the finer step 10s"),
        ("1m:0", "ttl 0s is shorter than its step"),
        ("0:5", "'0:5' is not what carbon reads"),
        ("1m", "'1m' is not what carbon reads"),
        ("1M:1d", "'1M:1d' is not what carbon reads"),
        ("1fortnight:1y", "'fortnight' is not the beginning of seconds, minutes"),
        ("", "has no retentions: carbon passes over it"),
    ],
)
def test_a_ladder_that_cannot_be_kept_is_an_error_that_names_the_section(tmp_path, retentions, words):
    done = run_cadent(
        "policy",
        "import",
        *write(tmp_path, f"[a]\npattern = a\nretentions = 1m:1d\n[odd one]\npattern = x\nretentions = {retentions}\n"),
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: schemas\.conf, section \[odd one\][^\n]+\n", done.stderr)
    assert words in done.stderr


@pytest.mark.parametrize(
    ("schemas", "aggregation", "words"),
    [
        ("[a]\nretentions = 1m:1d\n", "", ["schemas.conf, section [a] has no pattern"]),
        ("[a]\npattern = (\nretentions = 1m:1d\n", "", ["schemas.conf, section [a]: pattern '('"]),
        ("pattern = a\n", "", ["schemas.conf", "no section headers"]),
        ("[a]\npattern = 5%\nretentions = 1m:1d\n", "", ["schemas.conf", "'%'"]),
        (
            SCHEMAS,
            "[b]\npattern = b\naggregationMethod = absmax\n",
            ["aggregation.conf, section [b]", "'absmax'", "average, sum"],
        ),
        (SCHEMAS, "[b]\naggregationMethod = max\n", ["aggregation.conf, section [b] has no pattern"]),
        ("".join(f"[s{i}]\npattern = x\nretentions = 1m:1d\n" for i in range(260)), "", ["schemas.conf: there are 262 policies"]),
    ],
)
def test_a_file_that_cannot_be_taken_over_whole_is_one_sentence(tmp_path, schemas, aggregation, words):
    done = run_cadent("policy", "import", *write(tmp_path, schemas, aggregation), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"cadent: [^\n]+\n", done.stderr)
    for word in words:
        assert word in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.conf"):
        read_schemas(tmp_path / "nowhere.conf")
