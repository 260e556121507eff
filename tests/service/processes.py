"""The processes of one service, as the kernel lists them."""

from pathlib import Path

WRITER, API = "cadent.service.writer.process", "cadent.service.web.server"


def of_group(group: int) -> dict[int, str]:
    """The command lines of all living processes of a process group, by pid."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, group_of, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group_of) == group and state != "Z":
            found[int(folder.name)] = command
    return found


def parent(pid: int) -> int | None:
    """None if it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def writer_of(service) -> int | None:
    """None while there is none."""
    return next((pid for pid, command in of_group(service.program.pid).items() if WRITER in command), None)


def api_of(service) -> tuple[int | None, list[int]]:
    """gunicorn's master and its workers."""
    pids = [pid for pid, command in of_group(service.program.pid).items() if API in command]
    master = next((pid for pid in pids if parent(pid) == service.program.pid), None)
    return master, [pid for pid in pids if pid != master]
