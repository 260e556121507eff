import sys
import types

import pytest
from cadent.cadentfinder import settings
from cadent.cadentfinder.settings import Settings, load


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch):
    for name in ("CADENT_URLS", "CADENT_TIMEOUT", "CADENT_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def django_settings(monkeypatch):
    """What ``django.conf.settings`` holds inside graphite-web."""
    values = types.SimpleNamespace(configured=True)
    monkeypatch.setitem(sys.modules, "django", types.ModuleType("django"))
    monkeypatch.setitem(sys.modules, "django.conf", types.SimpleNamespace(settings=values))
    return values


def test_without_settings_the_default_service_is_asked():
    assert load() == Settings((settings.DEFAULT_URL,), 5.0, None)


def test_the_environment_gives_urls_as_comma_text(monkeypatch):
    monkeypatch.setenv("CADENT_URLS", "http://a:1/graphite, https://b/x/ ,")
    monkeypatch.setenv("CADENT_TIMEOUT", "2.5")
    monkeypatch.setenv("CADENT_TIMEZONE", "Europe/Zurich")
    assert load() == Settings(("http://a:1/graphite", "https://b/x"), 2.5, "Europe/Zurich")


def test_django_goes_before_the_environment(monkeypatch, django_settings):
    monkeypatch.setenv("CADENT_URLS", "http://environment:1/")
    monkeypatch.setenv("CADENT_TIMEZONE", "UTC")
    django_settings.CADENT_URLS = ["http://django:1/graphite"]
    assert load() == Settings(("http://django:1/graphite",), 5.0, "UTC")


def test_django_that_is_not_configured_says_nothing(django_settings):
    django_settings.configured = False
    django_settings.CADENT_URLS = ["http://django:1/graphite"]
    assert load().urls == (settings.DEFAULT_URL,)


def test_the_yaml_section_goes_before_all(monkeypatch):
    monkeypatch.setenv("CADENT_TIMEOUT", "1")
    assert load({"urls": ["http://yaml:1/"], "timeout": 3}) == Settings(("http://yaml:1",), 3.0, None)


@pytest.mark.parametrize("url", ["127.0.0.1:8083", "ftp://a/", "http:///graphite", "http://user:word@a/"])
def test_a_url_that_cannot_be_asked_is_named(url):
    with pytest.raises(ValueError, match=r"CADENT_URLS has '.*'; want http"):
        load({"urls": url})


@pytest.mark.parametrize("timeout", ["soon", "0", -1, "nan", "inf", [1]])
def test_a_timeout_that_is_no_time_is_named(timeout):
    with pytest.raises(ValueError, match=r"CADENT_TIMEOUT is .*; want seconds"):
        load({"timeout": timeout})
