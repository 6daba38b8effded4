"""Options that more than one change takes: who, why, and what proves it."""

from typing import Annotated

import typer

from donotcontact.cli.nouns import SOURCE, enum_parser, option_names
from donotcontact.v1.core_pb2 import Evidence, Source

SourceOption = Annotated[
    Source.ValueType,
    typer.Option(
        "--source",
        metavar="SOURCE",
        parser=enum_parser(SOURCE),
        help=f"Who said it: {', '.join(option_names(SOURCE))}. The first four are the person's own word.",
    ),
]
NoteOption = Annotated[
    str,
    typer.Option("--note", metavar="TEXT", help="A remark. Kept for ever: keep secrets out of it.", show_default=False),
]
CallIdOption = Annotated[
    str, typer.Option("--call-id", metavar="ID", help="Evidence: the call in which it was said.", show_default=False)
]
RecordingOption = Annotated[
    str, typer.Option("--recording", metavar="WHERE", help="Evidence: where the recording lies.", show_default=False)
]
CampaignOption = Annotated[
    str, typer.Option("--campaign", metavar="NAME", help="Evidence: the campaign or flow that ran.", show_default=False)
]
ReferenceOption = Annotated[
    str,
    typer.Option("--reference", metavar="TEXT", help="Evidence: a ticket, message or document.", show_default=False),
]
ActorOption = Annotated[
    str, typer.Option("--actor", metavar="NAME", help="On whose behalf, such as an agent's name.", show_default=False)
]
RequestIdOption = Annotated[
    str | None,
    typer.Option(
        "--request-id", metavar="UUID", help="Makes a retry safe for 7 days. Default: a new one for each run."
    ),
]
ValidateOption = Annotated[
    bool, typer.Option("--validate-only", "--dry-run", help="Say what would happen; change nothing.")
]


def evidence_of(call_id: str, recording: str, campaign: str, reference: str) -> Evidence | None:
    """Build the evidence, or None where nothing was given."""
    evidence = Evidence(call_id=call_id, recording=recording, campaign=campaign, reference=reference)
    return evidence if evidence.ByteSize() else None
