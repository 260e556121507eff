"""Pictures look like those of graphite-web 1.1.10."""

import io

import numpy as np
import pytest
import samples
from PIL import Image

pytestmark = pytest.mark.slow

USUAL = {"from": "-1h", "until": "now", "now": samples.NOW}

# So large are the squares whose mean colours are compared: letters and lines may lie a pixel beside.
SQUARE = 20


def squares(answer):
    """Mean colours of its squares, and its size."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    image = np.asarray(Image.open(io.BytesIO(answer.body)).convert("RGB"), float)
    height, width = (side // SQUARE * SQUARE for side in image.shape[:2])
    parts = image[:height, :width].reshape(height // SQUARE, SQUARE, width // SQUARE, SQUARE, 3)
    return parts.mean(axis=(1, 3)), image.shape


@pytest.mark.parametrize(
    ("target", "options"),
    [
        ("d.host*.cpu.user", {}),
        ("d.host*.cpu.user", {"width": 800, "height": 400, "title": "Load", "vtitle": "percent"}),
        ("d.host*.cpu.user", {"width": 800, "height": 400, "lineMode": "staircase", "areaMode": "stacked"}),
        ("d.host*.cpu.user", {"width": 600, "areaMode": "all", "areaAlpha": "0.4", "bgcolor": "black", "fgcolor": "white"}),
        ("d.host*.cpu.user", {"graphOnly": "true", "lineMode": "connected", "colorList": "red,00ff00,blue"}),
        ("d.host*.cpu.user", {"hideLegend": "true", "hideGrid": "true", "yMin": "-50", "yMax": "200", "lineWidth": "4"}),
        ("d.slow.load", {"tz": "Asia/Kolkata", "drawNullAsZero": "true", "areaMode": "first"}),
        ("d.size.between", {"yUnitSystem": "binary", "hideAxes": "true"}),
        ("d.host1.mem.used", {"logBase": "10", "yUnitSystem": "binary"}),
        ("d.sign.negative", {"width": 500, "height": 300, "areaMode": "all"}),
        ("d.single.point", {}),
        ("d.counter.steady", {"from": "-3h", "fontSize": 14, "width": 700}),
        ("d.slow.daily", {"from": "-8d", "width": 700}),
        ("none.such", {"width": 400}),
    ],
)
def test_a_graph_looks_like_graphite_webs(exact, oracle, target, options):
    ours, theirs = (web.post("/render", target=target, **{**USUAL, **options}) for web in (exact.web, oracle))
    (ours, size), (theirs, wanted) = squares(ours), squares(theirs)
    assert size == wanted
    distance = np.abs(ours - theirs)
    assert distance.mean() < 8
    assert np.percentile(distance, 95) < 48


def test_pies_look_alike(exact, oracle):
    asked = {"graphType": "pie", "target": ["a:3", "b:5", "c:1.5"], "valueLabels": "none"}
    ours, theirs = (squares(web.post("/render", **{**USUAL, **asked}))[0] for web in (exact.web, oracle))
    assert np.abs(ours - theirs).mean() < 8


def test_an_svg_has_the_same_type_and_size(exact, oracle):
    asked = {**USUAL, "target": "d.host1.cpu.user", "format": "svg", "width": 400}
    ours, theirs = (web.post("/render", **asked) for web in (exact.web, oracle))
    assert ours.headers["Content-Type"].partition(";")[0] == theirs.headers["Content-Type"].partition(";")[0]
    assert all('width="400' in answer.text and 'height="250' in answer.text for answer in (ours, theirs))
