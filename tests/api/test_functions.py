"""``/functions``: the list of functions of a query editor."""

import json
import math

from folder import get


def test_a_function_is_described_with_its_parameters(client):
    described = get(client, "/functions/filterSeries")
    assert described["name"] == "filterSeries"
    assert described["function"] == "filterSeries(seriesList, func, operator, threshold)"
    assert described["group"] == "Filter Series"
    assert "`threshold`" in described["description"]
    assert [param["name"] for param in described["params"]] == ["seriesList", "func", "operator", "threshold"]
    assert described["params"][2]["options"] == ["!=", "<", "<=", "=", ">", ">="]


def test_what_is_usual_of_a_parameter_is_left_out(client):
    series, func, reverse = get(client, "/functions/sortBy")["params"]
    assert series == {"name": "seriesList", "type": "seriesList", "required": True}
    assert set(func) == {"name", "type", "default", "options"}
    assert reverse == {"name": "reverse", "type": "boolean", "default": False}


def test_every_name_of_a_function_is_listed(client):
    listed = get(client, "/functions")
    assert listed["sin"]["name"] == "sin"
    assert listed["sinFunction"]["function"].startswith("sinFunction(")
    assert listed["sin"]["description"] == listed["sinFunction"]["description"]


def test_the_list_can_be_cut_down_to_a_group(client):
    sorting = {"sortBy", "sortByMaxima", "sortByMinima", "sortByName", "sortByTotal"}
    assert set(get(client, "/functions", group="Sorting")) == sorting
    assert get(client, "/functions", group="Nothing") == {}


def test_the_list_can_be_grouped(client):
    listed, grouped = get(client, "/functions"), get(client, "/functions", grouped="1")
    assert set(grouped) == {one["group"] for one in listed.values()}
    assert {name: one for group in grouped.values() for name, one in group.items()} == listed
    assert get(client, "/functions", grouped="true", group="Sorting") == {"Sorting": grouped["Sorting"]}


def test_infinity_is_a_number_too_large_for_anybody(client):
    text = client.get("/functions/keepLastValue").text
    assert "1e9999" in text
    assert "Infinity" not in text
    assert json.loads(text)["params"][1]["default"] == math.inf


def test_pretty_is_for_people(client):
    pretty = client.get("/functions/sortByTotal", query_string={"pretty": "1"}).text
    assert pretty.startswith('{\n  "description": ')
    assert json.loads(pretty) == get(client, "/functions/sortByTotal")


def test_pies_have_functions_of_their_own(client):
    pies = get(client, "/functions", type="pie")
    assert set(pies) == {"average", "maximum", "minimum"}
    assert get(client, "/functions/maximum", type="pie") == pies["maximum"]
    assert client.get("/functions/scale", query_string={"type": "pie"}).status_code == 404


def test_an_unknown_function_is_not_found(client):
    answer = client.get("/functions/nothing")
    assert answer.status_code == 404
    assert answer.text == "there is no function nothing"


def test_functions_are_only_read(client):
    assert client.post("/functions").status_code == 405
    assert client.post("/functions/scale").status_code == 405
