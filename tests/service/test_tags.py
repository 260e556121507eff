"""Series that are made, found and deleted by Graphite's routes for tags, on a running service."""

import os
import signal
import urllib.parse
import urllib.request

import pytest
from points import PAST, STEP_S
from processes import writer_of
from programs import eventually

TOKEN = "correct-horse-battery"


@pytest.fixture
def service(serve, tmp_path):
    file = tmp_path / "guarded.toml"
    file.write_text(f'[service]\nself_metrics = false\n[http]\nadmin_token = "{TOKEN}"\n')
    return serve("--config", file)


def found(service, *expressions):
    return service.web.get("/tags/findSeries", expr=expressions).json


def delete(service, *paths):
    body = urllib.parse.urlencode({"path": paths}, doseq=True).encode()
    request = urllib.request.Request(f"{service.web.url}/tags/delSeries", body, {"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def test_a_series_that_is_made_is_there_without_points(service):
    made = service.web.post("/tags/tagMultiSeries", path=["disk;host=b;dc=a", "disk;dc=b", "plain.path"])
    assert made.json == ["disk;dc=a;host=b", "disk;dc=b", "plain.path"]
    assert found(service, "name=disk") == ["disk;dc=a;host=b", "disk;dc=b"]
    assert found(service, "name=plain.path") == ["plain.path"]
    assert service.web.get("/tags/dc").json == {"tag": "dc", "values": [{"value": "a", "count": 1}, {"value": "b", "count": 1}]}
    (series,) = service.web.get("/render", target="disk;dc=b", format="json").json
    assert {value for value, _ in series["datapoints"]} == {None}


def test_what_was_made_survives_kill_9_and_takes_points(service):
    service.web.post("/tags/tagSeries", path="disk;dc=a")
    service.program.signal_group(signal.SIGKILL)
    service.stop()
    service.start()
    service.wait()
    assert found(service, "dc=a") == ["disk;dc=a"]
    service.send([f"disk;dc=a 5 {PAST}"])
    times = {"from": PAST - 1, "to": PAST + STEP_S - 1}

    def shown():
        return service.web.get("/graphite/metrics", target="seriesByTag('dc=a')", **times).json["series"]

    eventually(lambda: shown() == {"disk;dc=a": [[5.0, PAST]]}, "the point to be shown")


def test_a_series_made_twice_is_one(service):
    for _ in range(2):
        assert service.web.post("/tags/tagSeries", path="disk;dc=a").json == "disk;dc=a"
    assert service.stats()["paths.known"] == 1


def test_a_deleted_series_is_gone_and_may_come_again(service):
    service.web.post("/tags/tagMultiSeries", path=["disk;dc=a", "disk;dc=b"])
    assert delete(service, "disk;dc=a", "disk;dc=nothing") == b"true"
    assert found(service, "name=disk") == ["disk;dc=b"]
    assert service.web.get("/tags/autoComplete/values", tag="dc").json == ["b"]
    service.web.post("/tags/tagSeries", path="disk;dc=a")
    assert found(service, "name=disk") == ["disk;dc=a", "disk;dc=b"]


def test_who_has_no_token_deletes_nothing(service):
    service.web.post("/tags/tagSeries", path="disk;dc=a")
    assert service.web.post("/tags/delSeries", path="disk;dc=a").status == 401
    assert found(service, "dc=a") == ["disk;dc=a"]


def test_while_the_writer_is_gone_series_are_found_and_none_is_made(service):
    service.web.post("/tags/tagSeries", path="disk;dc=a")
    service.program.signal(signal.SIGSTOP)  # the supervisor starts no other
    try:
        os.kill(writer_of(service), signal.SIGKILL)
        eventually(lambda: service.web.post("/tags/tagSeries", path="disk;dc=b").status == 503, "the writer to be missed")
        assert found(service, "name=disk") == ["disk;dc=a"]
    finally:
        service.program.signal(signal.SIGCONT)


def test_past_the_bound_no_series_is_made_and_the_setting_is_named(serve, tmp_path):
    file = tmp_path / "small.toml"
    file.write_text("[service]\nself_metrics = false\n[store]\nmax_metrics = 2\n")
    service = serve("--config", file)
    answer = service.web.post("/tags/tagMultiSeries", path=["a;k=1", "a;k=2", "a;k=3"])
    assert answer.status == 400
    assert answer.text.strip() == "there is no room for the path 'a;k=3'; raise [store] max_metrics"
    assert service.web.post("/tags/tagSeries", path="a;k=4").status == 400
    assert service.web.post("/tags/tagSeries", path="a;k=1").status == 200
    assert found(service, "name=a") == ["a;k=1", "a;k=2"]
