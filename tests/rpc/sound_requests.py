"""One sound request for each method, to be spoiled one field at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from serving import METHODS, pb

# In the contract before the server reads them: registries are its next part. Take them out of here with that part.
LATER = ("policy.registries", "policy.unscreened")
PERSON = "+14155550199"
MAILBOX = "pat.person@example.com"


def sound_requests() -> dict[str, Any]:
    entry = pb.NewEntry(address=PERSON, label="do-not-contact", source=6, evidence=pb.Evidence(call_id="c"))
    ref = pb.EntryRef(address=PERSON, label="do-not-contact")
    label = pb.Label(name="fresh", channels=[1])
    policy = pb.Policy(name="fresh", require_opt_in=pb.RequireOptIn(channels=[2]))
    return {
        "Check": pb.CheckRequest(channel=1, rows=[pb.CheckRow(address=PERSON)]),
        "Scrub": pb.ScrubRequest(channel=1, addresses=[PERSON]),
        "Explain": pb.ExplainRequest(channel=1, row=pb.CheckRow(address=PERSON)),
        "AddEntries": pb.AddEntriesRequest(entries=[entry]),
        "RemoveEntries": pb.RemoveEntriesRequest(entries=[ref], reason=1, evidence=pb.Evidence(call_id="c")),
        "ListEntries": pb.ListEntriesRequest(),
        "GetAddress": pb.GetAddressRequest(address=PERSON),
        "CreateLabel": pb.CreateLabelRequest(label=label),
        "UpdateLabel": pb.UpdateLabelRequest(label=pb.Label(name="open", channels=[1])),
        "ArchiveLabel": pb.ArchiveLabelRequest(name="open"),
        "ListLabels": pb.ListLabelsRequest(),
        "GetOptIn": pb.GetOptInRequest(address=PERSON),
        "SetOptIn": pb.SetOptInRequest(address=PERSON, status=2, source=6, evidence=pb.Evidence(call_id="c")),
        "ClaimOptInRequest": pb.ClaimOptInRequestRequest(address=PERSON),
        "ApplyPolicy": pb.ApplyPolicyRequest(policy=policy),
        "GetPolicy": pb.GetPolicyRequest(name="texts"),
        "ListPolicies": pb.ListPoliciesRequest(),
        "DeletePolicy": pb.DeletePolicyRequest(name="texts"),
        "ListEvents": pb.ListEventsRequest(),
        "WatchEvents": pb.WatchEventsRequest(after_position=0),
        "VerifyJournal": pb.VerifyJournalRequest(),
    }


@dataclass(frozen=True)
class Place:
    """One field of a method's request, as the errors name it."""

    method: str
    path: str
    holder: tuple[str, ...]
    field: Any

    def spoiled(self, value: Any) -> Any:
        """Give the sound request with this field set to a value, the one value of it where it is repeated."""
        request = sound_requests()[self.method]
        message = request
        for name in self.holder:
            message = getattr(message, name)
            if not isinstance(message, Message):
                message = message[0] if message else message.add()
        if self.field.is_repeated:
            del getattr(message, self.field.name)[:]
            getattr(message, self.field.name).append(value)
        elif self.field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(message, self.field.name).CopyFrom(value)
        else:
            setattr(message, self.field.name, value)
        return request


def places() -> list[Place]:
    """Give every field of every request, those of messages within too."""
    found = [place for name, method in METHODS.items() for place in _within(name, method.request.DESCRIPTOR, "", ())]
    return [place for place in found if not place.path.startswith(LATER)]


def _within(method: str, descriptor: Any, path: str, holder: tuple[str, ...]) -> Iterator[Place]:
    for field in descriptor.fields:
        yield Place(method, path + field.name, holder, field)
        inner = field.message_type
        if inner is not None and inner.name not in {"Timestamp", "Revision"}:
            below = f"{path}{field.name}[0]." if field.is_repeated else f"{path}{field.name}."
            yield from _within(method, inner, below, (*holder, field.name))
