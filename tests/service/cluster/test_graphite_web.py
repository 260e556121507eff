"""The real graphite-web over a service that only reads, while a replica dies and comes back."""

import signal

import hosts
import pytest
from points import PAST, lines_of, past_points
from programs import eventually


@pytest.fixture
def graph_of(graphite_web_bin, tmp_path):
    """graph_of(reader): a graphite-web that reads from it; called with a target it gives {path: {time: value}}."""
    programs = []

    def start(reader):
        folder = tmp_path / "graphite-web"
        folder.mkdir()
        program, web = hosts.graphite_web(graphite_web_bin, folder, [f"http://127.0.0.1:{reader.http_port}/graphite"])
        programs.append(program)
        span = {"from": PAST - 1, "until": PAST + 599}

        def graph(target):
            found = web.post("/render", target=target, format="json", noCache=1, **span).json
            return {one["target"]: {at: value for value, at in one["datapoints"] if value is not None} for one in found}

        return graph

    yield start
    for program in programs:
        program.stop()


def means(points):
    """What such a graph shows of points."""
    graph = {}
    for (path, at), (count, total) in points.items():
        graph.setdefault(path, {})[at] = total / count
    return graph


def test_a_graph_stays_whole_while_a_replica_is_away(serve, store, graph_of):
    one, other = (serve(*store, "--writer", f"main/{replica}") for replica in "12")
    graph = graph_of(serve(*store, "--read-only"))
    before, during, after = (past_points("g", 10, 20, PAST + 200 * part) for part in range(3))
    for replica in (one, other):
        replica.send(lines_of(before))
    eventually(lambda: graph("g.*") == means(before), "both have the first part")
    one.program.signal_group(signal.SIGKILL)
    other.send(lines_of(during))
    eventually(lambda: graph("g.*") == means({**before, **during}), "one of them has the second part")
    one.start()
    one.wait()
    for replica in (one, other):
        replica.send(lines_of(after))
    eventually(lambda: graph("g.*") == means({**before, **during, **after}), "both have the third part")
    assert graph("sumSeries(g.*)") == {
        "sumSeries(g.*)": {
            PAST + 10 * window: sum(values[PAST + 10 * window] for values in graph("g.*").values()) for window in range(60)
        }
    }
