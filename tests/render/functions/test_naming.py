import re

import pytest
from cadent.schema.errors import LimitExceeded, QueryError
from hypothesis import given
from hypothesis import strategies as st
from several import names, of_several

NAME = st.from_regex(r"[a-zA-Z]{1,4}(\.[a-zA-Z]{1,4}){0,4}", fullmatch=True)


def renamed(target, path="web.cpu.load"):
    (found,) = of_several(target, {path: [1, None, 3]})
    return found


@given(NAME, st.integers(-6, 6), st.integers(-6, 6))
def test_a_part_of_a_name_is_cut_as_a_list_is(path, start, stop):
    expected = ".".join(path.split(".")[start : stop or None])
    assert renamed(f"substr(*,{start},{stop})", path).name == expected


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("substr(scale(*,2.5),1)", "cpu.load"),
        ("substr(alias(*,'f(g(a.b.c,d.e),h)'),1)", "b.c"),
        ("substr(alias(*,'a).b(c.d'),1)", ""),
        ("aliasByMetric(scale(*,2))", "load"),
        ("aliasByNode(*,-1,0)", "load.web"),
        ("aliasByNode(scale(*,2),1)", "cpu"),
        ("aliasByTags(*,'name',1)", "web.cpu.load.cpu"),
        ("aliasByNode(*,9)", ""),
    ],
)
def test_nodes_are_those_of_the_path_in_a_name(target, name):
    assert renamed(target).name == name


@given(NAME, st.lists(st.integers(-25, 25), min_size=1, max_size=4))
def test_only_the_letters_that_are_named_change(path, positions):
    told = ",".join(map(str, positions))
    changed = {position % len(path) for position in positions if -len(path) <= position < len(path)}
    upper = "".join(letter.upper() if at in changed else letter for at, letter in enumerate(path))
    lower = "".join(letter.lower() if at in changed else letter for at, letter in enumerate(path))
    assert renamed(f"upper(*,{told})", path).name == upper
    assert renamed(f"lower(*,{told})", path).name == lower


@given(NAME)
def test_without_positions_all_letters_change(path):
    assert renamed("upper(*)", path).name == path.upper()
    assert renamed("lower(*)", path).name == path.lower()


@given(NAME, st.sampled_from([r"(\w+)\.(\w+)", r"^(.)()", r"([aeiou])|([A-Z])", r"()(.*)$"]))
def test_a_match_is_replaced_as_python_does(path, search):
    assert renamed(rf"aliasSub(*,'{search}','<\2 \1>')", path).name == re.sub(search, r"<\2 \1>", path)


@pytest.mark.parametrize("target", ["alias(*,'x')", "aliasSub(*,'w','v')", "aliasByNode(*,1)", "substr(*,1)", "upper(*)"])
def test_another_name_leaves_values_tags_and_expression(target):
    found, before = renamed(target), renamed("*")
    assert found.name != before.name
    assert found.expression == before.expression
    assert found.tags == before.tags
    assert found.values is not None
    assert str(found.values) == str(before.values)


def test_a_name_may_show_the_last_value_of_another_series():
    paths = {"channel.1.power": [1, 2], "channel.1.frequency": [2412, None]}
    target = r"aliasQuery(channel.1.power, '(\d+)\.power', '\1.frequency', 'Channel %d MHz, 100%%')"
    (found,) = of_several(target, paths)
    assert found.name == "Channel 2412 MHz, 100%"
    assert found.values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("aliasQuery(a,'a','nothing','%d')", "aliasQuery: there is no series 'nothing'"),
        ("aliasQuery(a,'a','gaps','%d')", "aliasQuery: 'gaps' has no value"),
        ("aliasQuery(a,'a','a','none')", "aliasQuery: newName='none' has no place for the number 1.0"),
        ("aliasQuery(a,'a','a','%d %d')", "aliasQuery: newName='%d %d' has no place"),
        ("aliasQuery(a,'a','a','%(x)s')", "aliasQuery: newName='%(x)s' has no place"),
        ("aliasQuery(a,'a','a','%*d')", "aliasQuery: newName='%*d' has no place"),
        ("aliasQuery(a,'a','a','%99999999999d')", "aliasQuery: newName='%99999999999d' has no place"),
        ("aliasQuery(a,'a','a','%.99999999999f')", "aliasQuery: newName='%.99999999999f' has no place"),
        ("aliasSub(a,'(','')", "regex '(' cannot be read"),
        (r"aliasSub(a,'a','\1')", "regex 'a' has no group '1'"),
        ("aliasByNode(a)", "aliasByNode lacks its argument nodes"),
        ("upper(a,'first')", "upper: pos='first' is not a whole number"),
        ("substr(a,'one')", "substr: start='one' is not a whole number"),
    ],
)
def test_an_argument_that_will_not_do_is_said(target, said):
    with pytest.raises(QueryError) as caught:
        of_several(target, {"a": [1], "gaps": [None]})
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    "target",
    [
        r"*" + r"|aliasSub('^(.*)$','\1\1')" * 40,
        "alias(*,'" + "x" * 100_000 + "')|aliasByNode(" + ",".join(["0"] * 990) + ")",
        "alias(*,'" + "x" * 200_000 + "')|alias('" + "y" * 40_000 + "')",
    ],
)
def test_names_that_grow_too_long_are_refused(target):
    with pytest.raises(LimitExceeded):
        of_several(target, {f"a{number:03}": [1] for number in range(300)})


def test_too_many_nodes_are_refused():
    with pytest.raises(QueryError, match="aliasByNode takes at most 1000 arguments, got 2001"):
        of_several(f"aliasByNode(a,{','.join(['0'] * 2000)})", {"a": [1]})


def test_names_without_series_are_none():
    assert names(of_several("aliasQuery(nothing,'a','b','%d')", {"a": [1]})) == []
