"""A preview counts what Scrub and Check answer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guarantees.columns import at, checked
from guarantees.drawn_policies import moments, phone_channels, policies, quick, some_rows
from guarantees.whole import ALLOW, HOUR_MS, MOMENTS, POLICIES, POOL, Asked, scrub_of, whole_server
from serving import Served, in_ms, pb


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("previews") / "store") as running:
        yield running


@given(
    rows=some_rows,
    channel=phone_channels,
    policy=st.one_of(st.sampled_from(POLICIES), policies),
    time_ms=moments,
    hours=st.sampled_from([0, 1, 5, 24]),
)
@quick
def test_a_preview_counts_what_scrub_answers_now_and_in_each_coming_hour(
    server: Served,
    rows: list[Asked],
    channel: int,
    policy: str | dict[str, Any],
    time_ms: int | None,
    hours: int,
) -> None:
    api, draft = server.api(), None
    name = policy if isinstance(policy, str) else "previewed"
    if isinstance(policy, dict):
        api.apply(name, **policy)
        draft = pb.Policy(name="a-draft", **policy)
    asked = {"channel": channel, **at(time_ms)}

    preview = api.call(
        "Preview",
        pb.PreviewRequest(scrub=scrub_of(rows, **asked, policy="" if draft else name), draft=draft, hours=hours),
    )

    scrub = api.call("Scrub", scrub_of(rows, **asked, policy=name))
    assert counts(preview.verdicts) == Counter(scrub.verdicts)
    assert counts(preview.shadow_verdicts) == Counter(scrub.shadow_verdicts)
    assert preview.contact_time == scrub.contact_time
    assert preview.policy_version == (0 if draft else scrub.policy_version)
    assert reasons_told(preview) == reasons_of(checked(api, rows, **asked, policy=name))
    begins_ms = in_ms(scrub.contact_time)
    assert [in_ms(each.time) for each in preview.open] == [begins_ms + hour * HOUR_MS for hour in range(hours)]
    for each in preview.open:
        later = api.call("Scrub", scrub_of(rows, channel=channel, policy=name, contact_time=each.time))
        assert each.addresses == list(later.verdicts).count(ALLOW)


def counts(told: Any) -> Counter[int]:
    return Counter({each.verdict: each.addresses for each in told})


def reasons_told(preview: Any) -> Counter[tuple[int, int, str, bool]]:
    told = [each.addresses for each in preview.reasons]
    assert told == sorted(told, reverse=True)
    return Counter({(each.rule, each.verdict, each.subject, each.shadow): each.addresses for each in preview.reasons})


def reasons_of(results: list[Any]) -> Counter[tuple[int, int, str, bool]]:
    """Count the rows that have a reason; one that two findings give counts once."""
    return Counter(
        reason
        for result in results
        for reason in {(each.rule, each.verdict, subject_of(each), each.shadow) for each in result.findings}
    )


def subject_of(finding: Any) -> str:
    fault = pb.AddressFault.Name(finding.fault).removeprefix("ADDRESS_FAULT_") if finding.fault else ""
    plain = finding.label or finding.registry.name or finding.legal_rule.id or fault
    if plain or not finding.HasField("attempts"):
        return str(plain or finding.legal_rule.region)
    counted = finding.attempts
    per = pb.AttemptScope.Name(counted.per).removeprefix("ATTEMPT_SCOPE_").lower()
    if not counted.after and not counted.max:
        return f"by {per}"
    if counted.after:
        outcome = pb.AttemptOutcome.Name(counted.after).removeprefix("ATTEMPT_OUTCOME_").lower()
        pause = f"{counted.per_hours} h" if counted.per_hours else f"{counted.days} calendar days"
        return f"{pause} after {outcome} by {per}"
    return f"{counted.max} in {counted.per_hours} h by {per}"


def test_a_preview_does_not_make_up_a_limit_for_rows_without_a_contact(server: Served) -> None:
    api = server.api()
    api.apply("by-contact", attempt_limits=[pb.AttemptLimit(max=2, per_hours=48, per=2)])

    scrub = pb.ScrubRequest(channel=1, policy="by-contact", addresses=["+14155550188"])
    [reason] = api.call("Preview", pb.PreviewRequest(scrub=scrub)).reasons

    assert reason.rule == pb.RULE_CONTEXT_MISSING
    assert "0 in 0 h" not in reason.subject


def test_a_preview_names_what_each_reason_is_about(server: Served) -> None:
    api, rows = server.api(), [Asked(address) for address in POOL]

    preview = api.call("Preview", pb.PreviewRequest(scrub=scrub_of(rows, channel=1, policy="whole", **at(MOMENTS[4]))))

    subjects = {each.subject for each in preview.reasons}
    assert subjects >= {"sales", "do-not-contact", "do-not-phone", "us-national", "us-federal-hours", "us-fl-hours"}
    assert subjects >= {"US-TX", "2 in 24 h by number", "3 in 168 h by number"}
    assert subjects >= {"2 calendar days after conversation by number"}
    assert subjects >= {"SHORT_NUMBER", "WRONG_CHANNEL"}
    assert "us-fl-limit" not in subjects
