"""Which policy holds for a path, and the reasons that are given."""

import pytest
from cadent.schema.errors import ConfigError
from cadent.schema.policy import Policies, Policy, StatisticRule
from cadent.schema.resolution import Ladder
from cadent.schema.statistic import Statistic
from cadent.service.config.decision import decide

RULES = (StatisticRule("p99", Statistic.MAX),)
POLICIES = Policies(
    (
        Policy("busy", Ladder.parse("1s:1d"), r"^busy\.", Statistic.LAST, RULES),
        Policy("slow", Ladder.parse("1m:30d"), "slow", rules=RULES),
        Policy("default", Ladder.parse("10s:7d"), rules=RULES),
    )
)


@pytest.mark.parametrize(
    ("path", "policy", "because"),
    [
        ("busy.slow", "busy", r"it would get it: match '^busy\\.' is the first that is found in it"),
        ("a.slow.b", "slow", "it would get it: match 'slow' is the first that is found in it"),
        ("a.busy.b", "default", "it would get it: no [[policy]] matches it"),
    ],
)
def test_a_path_that_is_not_there_would_get_the_first_that_matches(path, policy, because):
    decision = decide(POLICIES, path, None)
    assert (decision.known, decision.policy, decision.policy_because) == (False, policy, because)
    assert decision.ladder == str(POLICIES[POLICIES.index_of(policy)].ladder)


def test_a_path_that_is_there_has_the_policy_it_was_created_with_whatever_matches_now():
    decision = decide(POLICIES, "busy.count", "slow")
    assert (decision.known, decision.policy, decision.ladder) == (True, "slow", "1m:30d")
    assert decision.policy_because == "it has it since it was created"
    assert decision.statistic is Statistic.SUM


@pytest.mark.parametrize(
    ("path", "statistic", "because"),
    [
        ("busy.p99.count", Statistic.LAST, "policy busy says so"),
        ("a.p99.count", Statistic.MAX, "match 'p99' is the first [[statistic]] that is found in it"),
        ("a.errorCount", Statistic.SUM, "its last segment has the word 'count'"),
        ("a.load", Statistic.MEAN, "its last segment names no other"),
    ],
)
def test_the_statistic_comes_from_the_policy_or_a_rule_or_the_last_segment(path, statistic, because):
    decision = decide(POLICIES, path, None)
    assert (decision.statistic, decision.statistic_because) == (statistic, because)


def test_a_policy_that_is_configured_no_more_is_named():
    with pytest.raises(ConfigError, match="'gone' is not configured"):
        decide(POLICIES, "a", "gone")
