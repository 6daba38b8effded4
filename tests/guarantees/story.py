"""A small history of two accounts, with every kind of change in it."""

from dncd.nouns import Role
from serving import Served, moment, new_id, pb

DAY_MS = 86_400_000
PHONES = ["+14155550101", "+14155550102", "+442079460123", "+12125550101"]
EMAILS = ["ann@example.com", "bob@mail.example.com"]


def tell(server: Served) -> None:
    """Make the history; account `beta` gets the same as `default`."""
    server.account("beta", "GB")
    for account in ("default", "beta"):
        _tell_one(server, account)
    server.clock.advance(9 * DAY_MS)
    server.app.housekeep(server.clock())
    server.api("beta").add(PHONES[3], label="do-not-phone")


def _tell_one(server: Served, account: str) -> None:
    api, agent = server.api(account), server.api(account, Role.AGENT)
    sales = pb.Label(name="sales", channels=[1, 2, 3], purposes=[1])
    api.call("CreateLabel", pb.CreateLabelRequest(label=sales, request_id=new_id()))
    api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="old", channels=[1])))
    policy = pb.Policy(name="texts", labels=["sales"], require_opt_in=pb.RequireOptIn(channels=[2]))
    api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy, request_id=new_id()))
    trial = pb.Policy(name="trial", labels=["sales", "old"], mode=2)
    api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=trial))
    agent.add(PHONES[0], EMAILS[0], PHONES[0], label="sales", source=1, actor="kim", request_id=new_id())
    api.add("+44*", "@mail.example.com", "+1212*", label="do-not-contact", source=7)
    now_ms = server.clock()
    brief = pb.NewEntry(address=PHONES[1], label="sales", source=5, expires_at=moment(now_ms + 1000), note="brief")
    later = pb.NewEntry(address=PHONES[1], label="old", source=6, starts_at=moment(now_ms + 10 * DAY_MS))
    api.call("AddEntries", pb.AddEntriesRequest(entries=[brief, later]))
    agent.call("SetOptIn", pb.SetOptInRequest(address=PHONES[0], status=4, source=4))
    proof = pb.Evidence(reference="form 7")
    api.call("SetOptIn", pb.SetOptInRequest(address=PHONES[0], status=3, source=6, evidence=proof))
    agent.call("SetOptIn", pb.SetOptInRequest(address=PHONES[2], status=4, source=4))
    claim = pb.ClaimOptInRequestRequest(address=PHONES[1], campaign="spring", request_id=new_id())
    assert agent.call("ClaimOptInRequest", claim).granted
    server.clock.advance(2000)
    server.app.housekeep(server.clock())
    refs = [pb.EntryRef(address="+1212*", label="do-not-contact"), pb.EntryRef(address=EMAILS[0], label="sales")]
    api.call("RemoveEntries", pb.RemoveEntriesRequest(entries=refs, reason=1, request_id=new_id()))
    api.call("UpdateLabel", pb.UpdateLabelRequest(label=pb.Label(name="sales", channels=[1, 2]), reason="no letters"))
    api.call("ArchiveLabel", pb.ArchiveLabelRequest(name="old"))
    api.call("DeletePolicy", pb.DeletePolicyRequest(name="trial"))
