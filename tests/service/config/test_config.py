import dataclasses
import json
import re
from pathlib import Path

import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.policy import Policy, StatisticRule
from cadent.schema.resolution import Ladder
from cadent.schema.statistic import Statistic
from cadent.service.config.file import from_toml, read_config, to_toml
from cadent.service.config.kinds import Address, format_size, parse_size
from cadent.service.config.settings import Config, SettingName, sections, settings
from cadent.service.docs.__main__ import write
from cadent.service.processes.lifeline import Handover
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[3]


def test_without_a_file_the_defaults_are_what_the_readme_says():
    config = read_config(None, {})
    assert config.graphite.listen == Address("127.0.0.1", 2003)
    assert config.http.listen == Address("127.0.0.1", 8083)
    assert config.store.data == Path("cadent-data")
    assert str(config.store.ladder) == "10s:7d,1m:30d,10m:2y"
    assert config.store.grace_s is None


@pytest.mark.parametrize("name", ["configuration.md", "cadent.toml", "functions.md"])
def test_the_generated_documents_are_up_to_date(name, tmp_path):
    write(tmp_path)
    assert (ROOT / "docs" / name).read_text() == (tmp_path / name).read_text(), "run: python -m cadent.service.docs docs"


def test_every_setting_says_what_it_is():
    for _, doc, group in sections():
        assert doc.endswith(".")
        assert all(setting.doc.endswith(".") for setting in group)


def test_the_printed_configuration_loads_back():
    text = """
        [store]
        data = "/var/lib/\\"cadent\\""
        ladder = ["5s:168h", "1m:720h"]
        grace_s = 0
        open_windows_bytes = "1GiB"
        [graphite]
        listen = "[::1]:2003"
        idle_timeout_s = 0
        [http]
        base_path = "graphs/cadent/"
        [query]
        timezone = "Europe/Paris"
        timeout_s = "2m"
        [service]
        self_metrics = false
        log_level = "error"
    """
    config = from_toml(text, "test")
    assert config.store.open_windows_bytes == 2**30
    assert config.query.timeout_s == 120
    assert config.http.base_path == "/graphs/cadent"
    assert config.store.grace_s == 0
    assert config.graphite.idle_timeout_s == 0
    assert from_toml(to_toml(config), "printed") == config


@given(
    st.fixed_dictionaries({"workers": st.integers(1, 64), "threads": st.integers(1, 64)}),
    st.integers(2**20, 10**12),
    st.integers(1, 10**6),
)
def test_any_number_survives_printing(http, size, seconds):
    values = {SettingName("http", key): value for key, value in http.items()}
    values |= {SettingName("store", "open_windows_bytes"): size, SettingName("query", "timeout_s"): seconds}
    config = Config().replace(values | {SettingName("store", "grace_s"): seconds})
    assert from_toml(to_toml(config), "printed") == config


@given(st.integers(1, 10**15))
def test_sizes_round_trip(size):
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[http]\nwrokers = 3", ["[http] wrokers", "did you mean [http] workers?"]),
        ("[htpp]\nworkers = 3", ["[htpp] is not a section", "did you mean [http]?"]),
        ("workers = 3", ["workers stands outside a section", "[http] workers"]),
        ("[store]\ninterpolate = 3", ["[store] interpolate", "did you mean [query] interpolate?"]),
        ('[http]\nworkers = "two"', ["[http] workers", "'two' (text)", "want a whole number"]),
        ('[http]\nworkers = "3"', ["[http] workers", "'3' (text)", "want a whole number"]),
        ("[http]\nworkers = true", ["[http] workers", "(true or false)", "want a whole number"]),
        ("[http]\nworkers = 0", ["[http] workers", "got 0", "1 or more"]),
        ("[http]\nlisten = 8083", ["[http] listen", "8083 (a whole number)", '"HOST:PORT"']),
        ('[http]\nlisten = "127.0.0.1:99999"', ["99999", '"HOST:PORT"']),
        ('[http]\nbase_path = "/a b"', ["/a b", "URL path"]),
        ('[http]\nbase_path = "metrics/"', ["[http] base_path", "'metrics/'", "no route of Graphite"]),
        ('[http]\nadmin_token = "short"', ["[http] admin_token", "'short'", "16 characters or more"]),
        ('[store]\nladder = "10s"', ["[store] ladder", "'10s' is not step:ttl"]),
        ("[store]\nladder = 10", ["[store] ladder", "10 (a whole number)", "resolutions"]),
        ('[store]\nopen_windows_bytes = "64 apples"', ["open_windows_bytes", "'64 apples' is not a size"]),
        ('[store]\nopen_windows_bytes = "1kB"', ["open_windows_bytes", "'1kB' (text)", "from 1MiB up"]),
        ("[store]\nqueue_bytes = 0", ["queue_bytes", "got 0", "from 1MiB up"]),
        ("[graphite]\nidle_timeout_s = false", ["idle_timeout_s", "(true or false)", "0 for never"]),
        ('[query]\ntimeout_s = "soon"', ["timeout_s", "'soon' is not a duration"]),
        ('[query]\ntimezone = "Mars/Olympus"', ["timezone", "Mars/Olympus"]),
        ('[service]\nself_metrics = "yes"', ["self_metrics", "'yes' (text)", "true or false"]),
        ('[service]\nlog_level = "loud"', ["log_level", "'loud' (text)", "debug, info, warning, error"]),
        ("[http\n", ["test is not TOML"]),
    ],
)
def test_a_mistake_is_one_sentence_that_holds_the_input(text, words):
    with pytest.raises(ConfigError) as error:
        from_toml(text, "test")
    sentence = str(error.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


def test_a_flag_wins_over_the_file(tmp_path):
    file = tmp_path / "cadent.toml"
    file.write_text('[store]\ndata = "from-file"\nladder = "1s:1d"\n')
    config = read_config(file, {SettingName("store", "data"): ("--data", "from-flag")})
    assert config.store.data == Path("from-flag")
    assert str(config.store.ladder) == "1s:1d"


def test_a_mistake_in_a_flag_names_the_flag():
    with pytest.raises(ConfigError, match=r"--ladder: .*'banana'"):
        read_config(None, {SettingName("store", "ladder"): ("--ladder", "banana")})


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_named(tmp_path, content):
    file = tmp_path / "cadent.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"cadent\.toml"):
        read_config(file, {})


def test_every_setting_has_a_kind_that_shows_what_it_reads():
    defaults = Config()
    for setting in settings().values():
        section = getattr(defaults, setting.name.section)
        text = f"[{setting.name.section}]\n{setting.name.key} = {setting.show(defaults)}"
        assert getattr(getattr(from_toml(text, "test"), setting.name.section), setting.name.key) == getattr(
            section, setting.name.key
        )


POLICIES = """
    [[policy]]
    name = "busy"
    match = '^app\\.busy\\.'
    ladder = "1s:1d,1m:30d"
    [[policy]]
    match = "^collectd\\\\."
    ladder = ["60s:30d"]
    statistic = "max"
    [[statistic]]
    match = '''it's \\d'''
    statistic = "min"
    [[statistic]]
    match = "\\u007f\\t"
    statistic = "sum"
"""


def test_policies_are_read_in_order_and_the_ladder_of_the_store_comes_last():
    policies = from_toml(POLICIES + '[store]\nladder = "5s:1d"', "test").policies
    assert [(policy.name, policy.match, str(policy.ladder), policy.statistic) for policy in policies] == [
        ("busy", r"^app\.busy\.", "1s:1d,1m:30d", None),
        ("collectd", r"^collectd\.", "1m:30d", Statistic.MAX),
        ("default", None, "5s:1d", None),
    ]


def test_statistics_by_path_hold_in_order_where_a_policy_has_none():
    policies = from_toml(POLICIES, "test").policies
    assert policies[2].statistic_of("it's 7\x7f\t.count") is Statistic.MIN
    assert policies[2].statistic_of("a\x7f\tb.max") is Statistic.SUM
    assert policies[2].statistic_of("a.max") is Statistic.MAX
    assert policies[1].statistic_of("it's 7") is Statistic.MAX


def test_policies_survive_printing_and_the_way_to_a_child():
    config = from_toml(POLICIES, "test")
    assert from_toml(to_toml(config), "printed") == config
    assert json.loads(Handover(config, {}).pack())["config"] == to_toml(config)
    assert "\nmatch = '^collectd\\.'\n" in to_toml(config)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(["10s:1d", "1m:30d,1h:2y"]), st.sampled_from([None, *Statistic])), max_size=5),
    st.lists(st.tuples(TEXTS, st.sampled_from(Statistic)), max_size=5),
)
def test_any_policy_survives_printing(policies, rules):
    config = dataclasses.replace(
        Config(),
        policy=tuple(Policy(f"p{i}", Ladder.parse(x), re.escape(match), s) for i, (match, x, s) in enumerate(policies)),
        statistic=tuple(StatisticRule(re.escape(match), statistic) for match, statistic in rules),
    )
    assert from_toml(to_toml(config), "printed") == config


def test_the_example_in_the_printed_file_works_when_it_is_taken_in():
    taken_in = to_toml(Config()).replace("# [[", "[[")
    taken_in = re.sub(r"(?m)^# (\w+ = )", r"\1", taken_in)
    config = from_toml(taken_in, "test")
    assert [policy.name for policy in config.policies] == ["collectd", "default"]
    assert len(config.statistic) == 1


@pytest.mark.parametrize(
    ("match", "name"),
    [
        (r"^collectd\.", "collectd"),
        (r"^app\.\w+\.(count|sum)$", "app-count-sum"),
        (r"\.CPU[0-9]+", "cpu-0-9"),
        ("a" * 63 + r"\.b", "a" * 63),
    ],
)
def test_a_policy_without_a_name_is_called_by_its_match(match, name):
    (policy,) = from_toml(f"[[policy]]\nmatch = '{match}'\nladder = '1m:1d'", "test").policy
    assert policy.name == name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[policy]\nmatch = 'a'", ["test: policy is not a list of tables", "[[policy]]"]),
        ("policy = [1]", ["policy is not a list of tables"]),
        ("[[policy]]\nladder = '1m:1d'", ["test: [[policy]] number 1 has no match", "regular expression"]),
        ("[[policy]]\nmatch = 'a'", ["[[policy]] number 1 has no ladder"]),
        ("[[policy]]\nmatch = 'a'\nladder = '1m:1d'\n" * 2, ["test: two policies have the same name: a, a, default"]),
        ("[[policy]]\nmatch = 'a'\nladder = '7s:1d'", ["[[policy]] number 1: ladder: step 7s does not divide a day"]),
        ("[[policy]]\nmatch = 'a'\nladder = '1m'", ["ladder: resolution '1m' is not step:ttl"]),
        ("[[policy]]\nmatch = 'a'\nlader = '1m:1d'", ["lader is not a key", "did you mean ladder?"]),
        ("[[policy]]\nmatch = 'a('\nladder = '1m:1d'", ["test: [[policy]] number 1: policy a: match 'a('", "unterminated"]),
        ("[[policy]]\nmatch = 5\nladder = '1m:1d'", ["match: got 5 (a whole number); want a regular expression"]),
        ("[[policy]]\nmatch = ''\nladder = '1m:1d'", ["match: got '' (text); want a regular expression"]),
        ("[[policy]]\nmatch = '.*'\nladder = '1m:1d'", ["number 1 needs a name: match '.*'"]),
        ("[[policy]]\nname = 'A b'\nmatch = 'a'\nladder = '1m:1d'", ["number 1: policy name 'A b' is not made of"]),
        ("[[policy]]\nname = 'names'\nmatch = 'a'\nladder = '1m:1d'", ["policy name 'names' is taken"]),
        ("[[policy]]\nname = 'default'\nmatch = 'a'\nladder = '1m:1d'", ["same name: default, default"]),
        ("[[policy]]\nmatch = 'a'\nladder = '1m:1d'\nstatistic = 'avg'", ["statistic: got 'avg' (text); want one of count, sum"]),
        ("[[statistic]]\nmatch = 'a'", ["[[statistic]] number 1 has no statistic"]),
        (
            "[[statistic]]\nmatch = '['\nstatistic = 'max'",
            ["[[statistic]] number 1: match '[' is not a regular expression"],
        ),
        ("[[statistc]]\nmatch = 'a'", ["test: [[statistc]] is not a table", "did you mean [[statistic]]?"]),
        ("[[store]]\ndata = 'a'", ["test: [[store]] is not a table", "did you mean [store]?"]),
    ],
)
def test_a_mistake_in_a_table_names_the_table_and_its_number(text, words):
    with pytest.raises(ConfigError) as error:
        from_toml(text, "test")
    for word in words:
        assert word in str(error.value)
