"""Which policy holds for a path, and why."""

from __future__ import annotations

from dataclasses import dataclass

from ...schema.policy import Policies, Policy
from ...schema.statistic import named_statistic


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy of ``path``, its ``ladder`` and the ``statistic`` that queries show, each with the reason in words.

    ``known``: the path exists, and the policy holds for its life; else it is the one that the path would get.
    """

    path: str
    known: bool
    policy: str
    policy_because: str
    ladder: str
    statistic: str
    statistic_because: str


def decide(policies: Policies, path: str, held: str | None) -> Decision:
    """``held`` names the policy that the path has since it was created; None: there is no such path yet.

    Raises ConfigError if ``held`` is not configured.
    """
    policy = policies.for_path(path) if held is None else policies[policies.index_of(held)]
    return Decision(
        path,
        held is not None,
        policy.name,
        _policy_because(policy, held),
        str(policy.ladder),
        policy.statistic_of(path),
        _statistic_because(policy, path),
    )


def _policy_because(policy: Policy, held: str | None) -> str:
    if held is not None:
        return "it has it since it was created"
    if policy.match is None:
        return "it would get it: no [[policy]] matches it"
    return f"it would get it: match {policy.match!r} is the first that is found in it"


def _statistic_because(policy: Policy, path: str) -> str:
    if policy.statistic is not None:
        return f"policy {policy.name} says so"
    rule = policy.rule_for(path)
    if rule is not None:
        return f"match {rule.match!r} is the first [[statistic]] that is found in it"
    named = named_statistic(path)
    return "its last segment names no other" if named is None else f"its last segment has the word {named[0]!r}"
