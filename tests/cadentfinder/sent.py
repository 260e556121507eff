"""What the host tests send to Cadent, and what a Graphite host must show for it."""

import time

from programs import Web

STEP_S = 10
SLOW_STEP_S = 60  # of paths with `.slow.`
SLOTS = 60
MANY = 300
STOP = int(time.time()) // 600 * 600 - 600  # all of it has passed, so no answer changes while a test looks
START = STOP - SLOTS * STEP_S

Values = dict[int, float]  # by the time at which their window begins


def whisper_grid(start: int = START, stop: int = STOP, step_s: int = STEP_S) -> range:
    """The first slot is the first multiple of the step after ``start``, the last one holds ``stop``."""
    return range(start // step_s * step_s + step_s, stop // step_s * step_s + step_s, step_s)


def points(values: Values, start: int = START, stop: int = STOP, step_s: int = STEP_S) -> list[list]:
    """Graphite's datapoints."""
    return [[values.get(at), at] for at in whisper_grid(start, stop, step_s)]


def send_sample_data(cadent, prefix: str) -> dict[str, Values]:
    """Sends it through a socket and returns, for each path, the value of each window."""
    times = range(START - SLOTS * STEP_S, STOP + SLOTS * STEP_S, STEP_S)
    sent: dict[str, Values] = {
        f"{prefix}.host1.cpu.total": {at: at % 700 / 7 for at in times if at // STEP_S % 3},
        f"{prefix}.host2.cpu.total": {at: at % 900 / 9 for at in times},
        f"{prefix}.both": dict.fromkeys(times, 1.0),
        f"{prefix}.both.below": dict.fromkeys(times, 2.0),
        f"{prefix}.number.large": dict.fromkeys(times, 1.7976931348623157e308),
        f"{prefix}.number.small": dict.fromkeys(times, 5e-324),
        f"{prefix}.number.third": dict.fromkeys(times, 1 / 3),
    }
    for number in range(MANY):
        sent[f"{prefix}.many.s{number:03}.value"] = {at: number + (at - START) / STEP_S for at in times[::2]}
    sent[f"{prefix}.slow.load"] = {at: float(at - START) for at in times[::6] if at // SLOW_STEP_S % 4}
    lines = [f"{path} {value!r} {at + 3}" for path, values in sent.items() for at, value in values.items()]
    # Three samples in a window: their sum, for a path that ends in `requests`.
    requests = f"{prefix}.host1.requests"
    lines += [f"{requests} {value} {at + offset}" for at in times for value, offset in ((1, 0), (20, 4), (300, 9))]
    sent[requests] = dict.fromkeys(times, 321.0)
    cadent.send(lines)
    wait_until_visible(cadent.web, requests, points(sent[requests]))
    return sent


def wait_until_visible(web: Web, path: str, wanted: list[list]) -> None:
    """What was sent last shows: the rest shows too. Lines have no acknowledgement, so there is only looking."""
    deadline = time.monotonic() + 30
    shown = None
    while time.monotonic() < deadline:
        answer = web.get("/graphite/metrics", target=path, to=STOP, **{"from": START})
        shown = answer.json["series"].get(path) if answer.status == 200 else answer.text
        if shown == wanted:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} does not show what was sent within 30 s, but {shown}")
