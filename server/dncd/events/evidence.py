"""What proves a change."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a change; empty strings where nothing was given."""

    call_id: str = ""
    recording: str = ""
    campaign: str = ""
    reference: str = ""

    def __bool__(self) -> bool:
        return bool(self.call_id or self.recording or self.campaign or self.reference)


NO_EVIDENCE = Evidence()
