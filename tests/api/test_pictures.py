import builtins
import io
import json
import sys
from xml.etree import ElementTree as ET

import pytest
from folder import RANGE
from PIL import Image

ASKED = {"target": "fast.a.load", **RANGE}


def ask(client, **parameters):
    return client.get("/render", query_string={**ASKED, **parameters})


def size(answer):
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.data)).size


@pytest.mark.parametrize("form", [{}, {"format": "png"}, {"format": ""}, {"format": "no-such"}, {"format": "pdf"}])
def test_without_a_format_that_is_known_the_answer_is_a_png(client, form):
    assert size(ask(client, **form)) == (330, 250)


def test_options_stand_beside_the_other_parameters(client):
    assert size(ask(client, width=400, height="100", hideLegend="true", noSuchOption="1")) == (400, 100)
    answer = client.post("/render", data={**ASKED, "width": "500", "title": "A"})
    assert size(answer) == (500, 250)


def test_an_svg_has_its_own_type(client):
    answer = ask(client, format="svg", title="<b>")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<b>" in [element.text for element in ET.fromstring(answer.data).iter()]


def test_an_svg_may_be_asked_as_a_call(client):
    answer = ask(client, format="svg", jsonp="page.draw")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    text = answer.text.removeprefix("page.draw(").removesuffix(")")
    assert ET.fromstring(json.loads(text)).get("width") == "330"
    assert ask(client, format="svg", jsonp="alert(1);x").status_code == 400


def test_times_are_those_of_the_request(client):
    def texts(zone):
        return [element.text for element in ET.fromstring(ask(client, format="svg", tz=zone, width=800).data).iter()]

    # 22:00 to 22:10 UTC.
    assert "22:05" in texts("UTC")
    assert "03:35" in texts("Asia/Kolkata")


@pytest.mark.parametrize("wish", [{"width": "5001"}, {"width": "4000", "height": "4000", "format": "svg"}])
def test_a_picture_that_is_too_large_is_refused(client, wish):
    answer = ask(client, **wish)
    assert answer.status_code == 400
    assert f"width={wish['width']}" in answer.text


def test_what_matches_nothing_is_a_picture_that_says_so(client):
    assert "No Data" in ask(client, target="none.such", format="svg").text


def test_a_target_that_is_wrong_is_a_sentence_also_for_a_picture(client):
    answer = ask(client, target="noSuchFunction(fast.a.load)")
    assert answer.status_code == 400
    assert "noSuchFunction" in answer.text


def test_a_pie_of_series_and_of_numbers(client):
    asked = {
        "graphType": "pie",
        "format": "svg",
        "valueLabels": "number",
        "valueLabelsMin": "0",
        "target": ["a:2", "b:5", "fast.three"],
    }
    # fast.three is 1.5, 4 and 2 in one window, and shows their mean.
    texts = [element.text for element in ET.fromstring(ask(client, **asked).data).iter() if element.text and element.text.strip()]
    assert texts == ["a", "b", "fast.three", "2", "5", "2.50"]


@pytest.mark.parametrize(("mode", "wanted"), [("average", "270"), ("maximum", "540"), ("minimum", "No Data")])
def test_a_pie_shows_one_value_of_each_series(client, mode, wanted):
    # slow.load goes from 0 to 540 in steps of 60.
    asked = {"graphType": "pie", "pieMode": mode, "format": "svg", "valueLabels": "number"}
    assert f">{wanted}<" in ask(client, target="slow.load", **asked).text


def test_a_pie_of_what_is_no_mode_is_refused(client):
    answer = ask(client, graphType="pie", pieMode="middle")
    assert answer.status_code == 400
    assert "pieMode=middle" in answer.text


@pytest.mark.parametrize("form", ["png", "svg"])
def test_without_the_library_the_answer_says_how_to_get_it(client, monkeypatch, form):
    real = builtins.__import__

    def without(name, *more):
        if name.partition(".")[0] in ("matplotlib", "PIL"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *more)

    for name in [name for name in sys.modules if name.startswith("cadent.render.pictures.") or name == "cadent.render.pictures"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("cadent.render.pictures", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    answer = ask(client, format=form, title="not asked before")
    assert answer.status_code == 400
    assert "pip install 'cadent-graphite[png]'" in answer.text


def test_the_library_is_not_loaded_before_the_first_picture():
    import subprocess

    program = "import cadent.api.app, sys; print([name for name in sys.modules if name.startswith(('matplotlib', 'PIL'))])"
    assert subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
