from pathlib import Path

import pytest
from cadent.schema.errors import ConfigError
from cadent.service import docs
from cadent.service.config import Config, SettingName, sections, settings
from cadent.service.config_file import from_toml, read_config, to_toml
from cadent.service.kinds import Address, format_size, parse_size
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]


def test_without_a_file_the_defaults_are_what_the_readme_says():
    config = read_config(None, {})
    assert config.graphite.listen == Address("127.0.0.1", 2003)
    assert config.http.listen == Address("127.0.0.1", 8083)
    assert config.store.data == Path("cadent-data")
    assert str(config.store.ladder) == "10s:7d,1m:30d,10m:2y"
    assert config.grace_s == 10


@pytest.mark.parametrize("name", ["configuration.md", "cadent.toml"])
def test_the_generated_documents_are_up_to_date(name, tmp_path):
    docs.write(tmp_path)
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
    assert config.grace_s == 0
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
