"""The real carbon, in an environment of its own."""

import json
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).parent / "carbon_program.py"


class Carbon:
    """Answers as carbon-cache would decide when a path is created."""

    def __init__(self, bin_folder: Path) -> None:
        # Isolated: modules in the program's folder must not stand in for any of carbon's.
        command = [bin_folder / "python", "-I", "-X", "utf8", PROGRAM]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def decide(self, schemas: Path, aggregation: Path, paths: list[str]) -> list[tuple[list[tuple[int, int]], str | None]]:
        """For each path the (step, number of points) of its archives, finest first, and its aggregation method."""
        question = {"schemas": str(schemas), "aggregation": str(aggregation), "paths": paths}
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return [([tuple(archive) for archive in archives], method) for archives, method in answer]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
