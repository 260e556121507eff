"""What a union of several writers' names holds, kept in dicts."""

from dataclasses import dataclass, field
from itertools import count


@dataclass
class Entry:
    """A path of the union. Entries with one ``key`` have one union id, and no other entry ever has it."""

    key: int
    policy: str
    days: set


@dataclass
class Writer:
    paths: dict = field(default_factory=dict)  # id -> path
    days: dict = field(default_factory=dict)  # id -> days on which it was seen

    def id_of(self, path):
        return next((number for number, other in self.paths.items() if other == path), None)

    def forget(self, number):
        self.paths.pop(number, None)
        self.days.pop(number, None)


class PlainUnion:
    def __init__(self, writers):
        self.writers = {name: Writer() for name in writers}
        self.entries = {}  # by path
        self._keys = count()

    def holders(self, path, but=None):
        return [name for name, writer in self.writers.items() if name != but and writer.id_of(path) is not None]

    def see(self, name, number, day):
        writer = self.writers[name]
        if number in writer.paths:
            writer.days[number].add(day)
            self.entries[writer.paths[number]].days.add(day)

    def delete(self, name, number):
        path = self.writers[name].paths.get(number)
        self.writers[name].forget(number)
        self._drop_if_gone(path)

    def rename(self, name, number, path):
        before = self.writers[name].paths.get(number)
        if before is not None:
            self.put(name, number, path, self.entries[before].policy, set())

    def put(self, name, number, path, policy, days):
        """The id has this path from now on, whatever either was before; it was seen on ``days`` too."""
        writer = self.writers[name]
        before, days = writer.paths.get(number), writer.days.get(number, set()) | days
        if writer.id_of(path) not in (None, number):
            writer.forget(writer.id_of(path))
        if self.holders(path, but=name):
            self.entries[path].days |= days
        elif before is not None and not self.holders(before, but=name):
            entry = self.entries.pop(before)
            self.entries[path] = Entry(entry.key, policy, entry.days | days)
        else:
            self.entries[path] = Entry(next(self._keys), policy, set(days))
        writer.paths[number], writer.days[number] = path, days
        self._drop_if_gone(before)

    def _drop_if_gone(self, path):
        if not self.holders(path):
            self.entries.pop(path, None)
