"""Graphite's tags in plain Python: for every path a dictionary of its tags, and Python's own regular expressions."""

import re


def tags_of(path):
    name, *tags = path.split(";")
    return {"name": name, **dict(tag.split("=", 1) for tag in tags)}


def holds(expression, tags):
    tag, operator, value = re.fullmatch(r"([^;!=]+)(!?=~?)([^;]*)", expression).groups()
    mine = tags.get(tag, "")
    equal = re.match(value, mine) is not None if operator.endswith("~") else mine == value
    return equal != operator.startswith("!")


def select(paths, expressions):
    """Those of ``paths`` for which all hold, sorted."""
    return sorted(path for path in paths if all(holds(expression, tags_of(path)) for expression in expressions))


def tags(paths):
    return sorted({tag for path in paths for tag in tags_of(path)})


def values(paths, tag):
    """[(value, how many of ``paths`` have it)], sorted."""
    having = [tags_of(path)[tag] for path in paths if tag in tags_of(path)]
    return sorted((value, having.count(value)) for value in set(having))
