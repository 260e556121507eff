"""docs/configuration.md: every setting, its default and what it costs, from the settings themselves."""

from __future__ import annotations

from ..config.policy_tables import EXAMPLE, POLICY, STATISTIC, Table, show
from ..config.settings import Config, sections

_HEAD = """\
# Configuration

Nothing has to be configured: `cadent serve` runs with the defaults below. To change something, give a flag or a file:

```sh
cadent serve --config cadent.toml          # what the file leaves out keeps its default
cadent serve --data /var/lib/cadent        # a flag wins over the file
cadent config --config cadent.toml         # prints the effective configuration, as TOML that can be read back
```

[cadent.toml](cadent.toml) is that file with every default in it. An unknown key ends the start and names the nearest known one.
Durations are written `30s`, `5m`, `7d` or as a number of seconds; sizes `64MB`, `1GiB` or as a number of bytes.

| flag of `cadent serve` | setting |
|---|---|
| `--data DIR` | `[store] data` |
| `--ladder LADDER` | `[store] ladder` |
| `--graphite HOST:PORT` | `[graphite] listen` |
| `--http HOST:PORT` | `[http] listen` |
"""


_POLICIES = """
## Policies in use

`cadent policy PATH` says which policy holds for a path, or would if its first line came now, and why.
`cadent policy import --schemas storage-schemas.conf --aggregation storage-aggregation.conf` prints carbon's rules as such tables;
with `--into cadent.toml` it appends them. A path gets what it would get in carbon; xFilesFactor is left out, because a coarser
point is made of all samples of its window. A section that cannot be taken over, such as one with a step that does not divide a
day, is an error that names it.

What happens to points that are there when the configuration changes:

| change | what happens |
|---|---|
"""

_CHANGES = (
    ("another `match`, another order, a new policy", "It holds for new paths. A path that is there keeps its policy."),
    (
        "another `ladder`, of a policy or of `[store]`",
        (
            "New points are kept at the new steps. Points that are there keep theirs. A query that reaches back to when there "
            "was no step as fine answers by the coarser one that there was: after a change from `1m` to `10s` a graph is by the "
            "minute until its beginning is later than the change."
        ),
    ),
    ("another `statistic`", "Queries show it at once, of points of any age."),
    (
        "another `name`, or the table is taken out",
        (
            "While paths have the policy, the start ends with a sentence that names one of them: put the table back. With "
            "`match = '(?!)'` it matches no path, so it gets no more of them."
        ),
    ),
)


def configuration_page() -> str:
    """docs/configuration.md."""
    sections = "".join(_section(*section) for section in _rows())
    tables = "".join(_table_section(table, show(entry)) for table, entry in zip((POLICY, STATISTIC), EXAMPLE, strict=True))
    changes = "".join(f"| {change} | {what} |\n" for change, what in _CHANGES)
    return _HEAD + sections + tables + _POLICIES + changes


def _rows() -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    defaults = Config()
    return [(name, doc, [(s.name.key, s.show(defaults), s.doc) for s in group]) for name, doc, group in sections()]


def _section(name: str, doc: str, rows: list[tuple[str, str, str]]) -> str:
    table = "".join(f"| `{key}` | `{default}` | {text} |\n" for key, default, text in rows)
    return f"\n## [{name}]\n\n{doc}\n\n| key | default | what it is and what it costs |\n|---|---|---|\n{table}"


def _table_section(table: Table, example: str) -> str:
    keys = "".join(f"| `{key.name}` | {'yes' if key.needed else 'no'} | {key.doc} |\n" for key in table.keys)
    head = f"\n## [[{table.name}]]\n\n{table.doc}\n\n```toml\n{example}```\n"
    return f"{head}\n| key | needed | what it is |\n|---|---|---|\n{keys}"
