"""What an explanation says about the registries of a policy."""

from registries.operating import REGISTRY, Operator, apply_policy, explained, require
from serving import Served

HOME = 14155550199


def test_a_registry_that_found_nothing_says_whether_it_speaks_about_the_number(
    server: Served, operator: Operator
) -> None:
    operator.create("us", "+1")
    operator.create("uk", "+44")
    listed = operator.list_numbers("us", 14155550101)
    apply_policy(server.api(), require("us"), require("uk"))

    rules = explained(server.api(), HOME).considered

    assert [(each.subject, each.sentence) for each in rules if each.rule == REGISTRY] == [
        ("us", f"Not on the us list of {listed.list_date} (snapshot {listed.id})."),
        ("uk", "uk does not speak about this number."),
    ]
