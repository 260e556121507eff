import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.policy import Policies, Policy, StatisticRule
from cadent.schema.resolution import Ladder
from cadent.schema.statistic import Statistic

LADDER = Ladder.parse("10s:7d")
COARSE = Ladder.parse("1m:30d")


def policies(*ordered: Policy) -> Policies:
    return Policies((*ordered, Policy("default", LADDER)))


def test_the_first_policy_that_matches_a_path_holds():
    chosen = policies(Policy("busy", COARSE, match=r"^app\.busy\."), Policy("app", COARSE, match=r"^app\."))
    assert [chosen.for_path(path).name for path in ("app.busy.x", "app.x", "other.app.x")] == ["busy", "app", "default"]


def test_a_match_is_searched_anywhere_in_the_path_tags_included():
    chosen = policies(Policy("prod", COARSE, match="env=prod"))
    assert chosen.for_path("a.b;dc=x;env=prod").name == "prod"
    assert chosen.for_path("a.b;env=test").name == "default"


def test_one_default_policy_ships_and_takes_every_path():
    shipped = Policies.single(LADDER)
    assert [policy.name for policy in shipped] == ["default"]
    assert shipped.for_path("anything").ladder == LADDER
    assert len(shipped) == 1
    assert shipped[0].name == "default"


def test_the_statistic_of_a_policy_goes_before_the_guess():
    assert Policy("p", LADDER, statistic=Statistic.MAX).statistic_of("a.count") is Statistic.MAX
    assert Policy("p", LADDER).statistic_of("a.count") is Statistic.SUM


def test_a_policy_is_found_by_name_and_an_unknown_one_is_named_with_the_known():
    chosen = policies(Policy("app", COARSE, match="app"))
    assert (chosen.index_of("app"), chosen.index_of("default")) == (0, 1)
    with pytest.raises(ConfigError, match=r"'web' is not configured; known: app, default"):
        chosen.index_of("web")


@pytest.mark.parametrize("name", ["", "Default", "a b", "a/b", "..", "ä", "x" * 65, "_x", "a\n"])
def test_a_name_that_could_not_be_a_folder_is_refused(name):
    with pytest.raises(ConfigError) as refused:
        Policy(name, LADDER)
    assert repr(name) in str(refused.value)


def test_a_match_that_is_no_regular_expression_is_refused_with_policy_and_text():
    with pytest.raises(ConfigError, match=r"policy app: match 'a\('"):
        Policy("app", LADDER, match="a(")


@pytest.mark.parametrize(
    ("ordered", "says"),
    [
        ((), "last policy must match every path"),
        ((Policy("a", LADDER, match="x"),), "last policy must match every path"),
        ((Policy("a", LADDER), Policy("b", LADDER)), "only the last policy"),
        ((Policy("a", LADDER, match="x"), Policy("a", LADDER)), "same name: a, a"),
    ],
)
def test_policies_that_leave_a_path_undecided_are_refused(ordered, says):
    with pytest.raises(ConfigError, match=says):
        Policies(ordered)


@pytest.mark.parametrize("name", ["lock", "manifest", "names", "damaged"])
def test_a_name_that_something_else_in_a_data_folder_has_is_refused(name):
    with pytest.raises(ConfigError, match=f"policy name '{name}' is taken"):
        Policy(name, LADDER)


def test_the_first_rule_that_holds_decides_where_the_policy_has_no_statistic():
    rules = (StatisticRule(r"\.p99$", Statistic.MAX), StatisticRule("p9", Statistic.MIN))
    policy = Policy("p", LADDER, rules=rules)
    assert [policy.statistic_of(path) for path in ("a.p99", "a.p95", "a.count")] == [Statistic.MAX, Statistic.MIN, Statistic.SUM]
    assert Policy("p", LADDER, statistic=Statistic.LAST, rules=rules).statistic_of("a.p99") is Statistic.LAST


def test_a_rule_whose_match_is_no_regular_expression_is_refused():
    with pytest.raises(ConfigError, match=r"match 'a\(' is not a regular expression"):
        StatisticRule("a(", Statistic.MAX)


def test_there_are_no_more_policies_than_a_line_can_tell_apart():
    many = [Policy(f"p{number}", LADDER, match="x") for number in range(255)]
    assert len(policies(*many[:254])) == 255
    with pytest.raises(ConfigError, match="there are 256 policies; want at most 255"):
        policies(*many)
