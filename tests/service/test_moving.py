"""Points move from open window to log to chunk while queries run, and no answer is ever wrong by one record."""

import threading
from concurrent.futures import ThreadPoolExecutor

from cadent.service.control.client import ControlClient
from points import PAST, lines_of, past_points, shown, wait_until_shown, wait_until_written
from programs import eventually


def ask_on(service, sent, enough: threading.Event) -> tuple[int, list[dict]]:
    """How often it asked, and what of each answer was not what was sent."""
    asked, wrong = 0, []
    while not enough.is_set():
        seen = shown(service, "moving.*", PAST, PAST + 1_000)
        asked += 1
        if seen != sent:
            wrong.append({point: seen.get(point) for point in sent if seen.get(point) != sent[point]})
    return asked, wrong


def seal(service, segments: int) -> None:
    """Have everything written sealed, and wait until it is."""
    control = ControlClient(service.data)
    control.ask("seal")
    eventually(lambda: control.ask("stats")["stats"]["seal.segments"] >= segments, f"{segments} segments are sealed")
    control.close()


def test_every_answer_holds_every_sample_once_while_points_move(serve, quiet):
    service, enough = serve("--config", quiet), threading.Event()
    sent = past_points("moving", 40, 60)
    service.send(lines_of(sent))
    wait_until_shown(service, "moving.*", sent)
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask_on, service, sent, enough) for _ in range(3)]
        try:
            wait_until_written(service, len(sent))
            seal(service, 1)
        finally:
            enough.set()
    for asked, wrong in (one.result() for one in asking):
        assert asked > 3
        assert wrong == []


def test_a_point_whose_samples_are_in_chunk_log_and_open_window_is_one_point(serve, quiet):
    service = serve("--config", quiet)
    service.send([f"spread.p 1 {PAST}"])
    wait_until_written(service, 1)
    seal(service, 1)
    service.send([f"spread.p 20 {PAST + 1}"])
    wait_until_written(service, 2)
    service.send([f"spread.p 300 {PAST + 2}"])
    wait_until_shown(service, "spread.*", {("spread.p", PAST): (3, 321.0)})
    (point,) = service.web.get("/graphite/rawrender", target="spread.p", to=PAST, **{"from": PAST - 1}).json[0]["data"]
    assert point == {"time": PAST, "count": 3, "sum": 321.0, "mean": 107.0, "min": 1.0, "max": 300.0, "last": 300.0}
