"""What `dnc` says of a registry match that the policy does not count."""

import pytest

from donotcontact.cli.sentences import finding_sentence
from donotcontact.v1.verdict_pb2 import Finding, RegistryRef


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (1, "on tps, list of 2026-11-01; it does not count yet, and is not on the list of 2026-10-20"),
        (2, "on tps, list of 2026-11-01; it does not count, since it is listed for other categories"),
        (77, "on tps, list of 2026-11-01; it does not count"),  # a later server's
        (0, "on tps, list of 2026-11-01"),
    ],
)
def test_a_match_that_does_not_count_says_why(why: int, said: str) -> None:
    listed = RegistryRef(name="tps", list_date="2026-11-01", lacking_list_date="2026-10-20" if why == 1 else "")
    listed.not_counted = why  # type: ignore[assignment]  # the wire's numbers

    assert finding_sentence(Finding(rule=6, verdict=1, registry=listed)) == said  # type: ignore[arg-type]  # the wire's numbers
