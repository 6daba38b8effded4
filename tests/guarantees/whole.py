"""An account with everything in force at once: registries, hours, limits, cool-downs, consents, opt-ins, closings."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dncd.registry.importing import import_file
from dncd.transport import uploads
from registries.operating import Operator
from serving import START_MS, Api, Served, moment, pb, served

ALLOW, BLOCK, DEFER, OPT_IN_REQUIRED, PERMISSION_REQUIRED, UNSCREENED, INVALID = range(1, 8)
NO_ANSWER, CONVERSATION, ABANDONED, RELEASED = 2, 3, 4, 5
HOUR_MS, DAY_MS = 3_600_000, 86_400_000

CALIFORNIA = ["+14155550101", "+14155550102", "+14155550103", "+14155550104"]
NEW_YORK = ["+12125550101", "+12125550102", "+12125550103", "+12125550104"]
FLORIDA = ["+13055550101", "+13055550102", "+13055550103", "+13055550104"]
# Two time zones, none that anybody knows, no rule that speaks of it, and one that the account closed.
ELSEWHERE = ["+12705550101", "+18005550101", "+442079460123", "+18085550101", "+15125550101"]
PHONES = [*CALIFORNIA, *NEW_YORK, *FLORIDA, *ELSEWHERE]
EMAILS = ["ann@example.com", "bob@mail.example.com"]
ODD = ["nonsense", "", "911", "(415) 555-0101"]
POOL = [*PHONES, *EMAILS, *ODD]
# By name: what stands on the list of us-national. The second of each is lifted by a consent, the third by none.
LISTED = [*CALIFORNIA[1:3], *NEW_YORK[1:3], *FLORIDA[1:3]]
# The clock of a served store stands on a Sunday, 11:06 in New York and 08:06 in San Francisco. Moments around it.
MOMENTS = [None, *(START_MS + hours * HOUR_MS for hours in (1, 8, 9, 12, 13, 20, 30, 48, 24 * 40))]
POLICIES = ["", "whole", "shadow", "hours", "blunt"]


def whole_fields(**fields: Any) -> dict[str, Any]:
    """Give the fields of a policy with every kind of rule in it."""
    return {
        "labels": ["sales"],
        "registries": [pb.RequiredRegistry(name="us-national", max_age_days=31, lifted_by=[1, 3])],
        "calling_hours": ["us-federal", "us-states"],
        "attempt_limits": [
            pb.AttemptLimit(max=2, per_hours=24, regions=["US-FL"]),
            pb.AttemptLimit(max=3, per_hours=168),
            pb.AttemptLimit(max=2, per_hours=48, per=2, regions=["US-NY"]),
        ],
        "cooldowns": [
            pb.Cooldown(after=CONVERSATION, days=2),
            pb.Cooldown(after=ABANDONED, hours=5, regions=["US"], channels=[1]),
        ],
        "attempt_packs": ["us-states", "uk"],
        "require_opt_in": pb.RequireOptIn(channels=[2]),
        "one_time_permission": pb.OneTimePermission(channels=[2, 3]),
        **fields,
    }


def furnish(server: Served, account: str) -> None:
    """Give an account everything; `us-national` has to be there."""
    api = server.api(account)
    api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="sales", channels=[1, 2, 3], purposes=[1])))
    api.apply("whole", **whole_fields())
    api.apply("shadow", **whole_fields(mode=2))
    api.apply("hours", calling_hours=["us-federal", "us-states"])
    api.apply("blunt", **whole_fields(unscreened=2, one_time_permission=None, registries=[]))
    api.add(CALIFORNIA[0], EMAILS[0], label="sales", source=1)
    api.add(NEW_YORK[0], "+44*", label="do-not-phone", source=6)
    api.add("@mail.example.com", label="do-not-email", source=6)
    api.add(FLORIDA[0], EMAILS[1], label="do-not-contact", source=6)
    soon = pb.NewEntry(address=NEW_YORK[3], label="sales", source=6, starts_at=moment(START_MS + 10 * HOUR_MS))
    brief = pb.NewEntry(address=CALIFORNIA[3], label="sales", source=6, expires_at=moment(START_MS + 10 * HOUR_MS))
    api.call("AddEntries", pb.AddEntriesRequest(entries=[soon, brief]))
    _consent(api)
    _text(api)
    until = moment(START_MS + 14 * HOUR_MS)
    api.call("CloseRegion", pb.CloseRegionRequest(region="US-TX", until=until, reason="a hurricane"))
    _attempt(api)


def _consent(api: Api) -> None:
    for kind, address in ((1, CALIFORNIA[1]), (3, NEW_YORK[1]), (2, CALIFORNIA[2]), (4, NEW_YORK[2])):
        consent(api, kind, address, given_at=moment(START_MS - 60 * DAY_MS))
    consent(api, 1, FLORIDA[1], expires_at=moment(START_MS + 12 * HOUR_MS), channels=[1], purpose=1)
    consent(api, 1, FLORIDA[2], policy="blunt")


def consent(api: Api, kind: int, address: str, **fields: Any) -> Any:
    return api.call(
        "RecordConsent",
        pb.RecordConsentRequest(
            address=address, consent=pb.Consent(kind=kind, **fields), source=6, evidence=pb.Evidence(reference="form 7")
        ),
    )


def _text(api: Api) -> None:
    for address in PHONES:
        if address not in {CALIFORNIA[3], NEW_YORK[3]}:
            api.call("SetOptIn", pb.SetOptInRequest(address=address, status=3, source=4, note="START"))
    api.call("SetOptIn", pb.SetOptInRequest(address=CALIFORNIA[2], status=2, source=6))
    for address, words in ((NEW_YORK[2], "STOP"), (FLORIDA[3], "maybe you could stop this some day")):
        api.call("RecordInboundMessage", pb.RecordInboundMessageRequest(address=address, text=words))


def _attempt(api: Api) -> None:
    """Call some people: two times in Florida, three in California, one spoken to, one abandoned, one claimed."""
    for address, times, outcome in (
        (FLORIDA[3], 2, NO_ANSWER),
        (CALIFORNIA[3], 3, NO_ANSWER),
        (ELSEWHERE[0], 1, CONVERSATION),
        (ELSEWHERE[3], 1, ABANDONED),
        (CALIFORNIA[1], 1, RELEASED),
    ):
        for _ in range(times):
            complete(api, reserve(api, address, contact_id="c-2", debt_id="d-1"), outcome)
    reserve(api, NEW_YORK[3], contact_id="c-1")
    reserve(api, NEW_YORK[1], contact_id="c-1")
    reserve(api, FLORIDA[2])


def reserve(api: Api, address: str, policy: str = "", channel: int = 1, **row: Any) -> str:
    """Claim an attempt under a policy that limits none; give its name."""
    rows = [pb.CheckRow(address=address, **row)]
    request = pb.ReserveAttemptsRequest(policy=policy or "free", channel=channel, rows=rows, lease_seconds=3600)
    if not policy:
        api.apply("free")
    name: str = api.call("ReserveAttempts", request).attempts[0].reservation
    assert name, "the attempt was not claimed"
    return name


def complete(api: Api, reservation: str, outcome: int) -> None:
    completion = pb.AttemptCompletion(reservation=reservation, outcome=outcome)
    api.call("CompleteAttempts", pb.CompleteAttemptsRequest(completions=[completion]))


@contextmanager
def whole_server(path: Path) -> Iterator[Served]:
    """Serve a store with a registry, and `default` furnished with everything."""
    with pytest.MonkeyPatch.context() as patch, served(path) as running:
        # In its own process, which spares a second.
        patch.setattr(uploads, "import_apart", import_file)
        with closing(Operator(running.address, running.token("operator"))) as operator:
            operator.create("us-national", "+1")
            operator.list_numbers("us-national", *(int(phone) for phone in LISTED))
        furnish(running, "default")
        yield running


def grant(server: Served, account: str) -> None:
    """Let an account rely on the registry."""
    request = pb.GrantCoverageRequest(registry="us-national", account=account, prefixes=["+1"])
    server.api("operator").call("GrantCoverage", request)


def copy_registries(source: Path, target: Path) -> None:
    shutil.copytree(source / "registries", target / "registries")


@dataclass(frozen=True)
class Asked:
    """A row to be asked about."""

    address: str
    time_zone: str = ""
    postal_code: str = ""
    contact_id: str = ""
    debt_id: str = ""

    def row(self) -> Any:
        return pb.CheckRow(**vars(self))


def scrub_of(rows: list[Asked], **fields: Any) -> Any:
    """Build a scrub that asks about rows with all their context."""
    return pb.ScrubRequest(
        addresses=[row.address for row in rows],
        time_zones=[row.time_zone for row in rows],
        postal_codes=[row.postal_code for row in rows],
        contact_ids=[row.contact_id for row in rows],
        debt_ids=[row.debt_id for row in rows],
        **fields,
    )
