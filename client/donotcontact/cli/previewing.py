"""What `dnc scrub --preview` shows: counts by verdict and by reason, and how many open in each coming hour."""

from datetime import datetime, tzinfo
from typing import Any

from rich.text import Text

from donotcontact import Preview, ReasonCount, Verdict
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import iso_of
from donotcontact.cli.output import Output, share, verdict_text
from donotcontact.cli.sentences import fault_words, rule_words, verdict_name

BAR_WIDTH = 50
EIGHTHS = " ▏▎▍▌▋▊▉"


def show_preview(output: Output, preview: Preview, zone: tzinfo | None, *, planned: bool = False) -> None:
    """Write the counts for a person; hours are those of `zone`, None: of this machine. `planned`: not about now."""
    _show_verdicts(output, preview)
    if preview.reasons:
        rows = [_reason_row(preview, reason) for reason in preview.reasons]
        output.say("\nBy reason; an address with several counts under each", "bold")
        output.table(["verdict", "reason", "about", "addresses#", "share#"], rows)
    if preview.open:
        output.say("\nWould be ALLOW, in the time of this machine", "bold")
        _show_hours(output, preview, zone)
    when = f"at {preview.contact_time.astimezone(zone):%Y-%m-%d %H:%M}" if planned and preview.contact_time else "now"
    output.say(f"\n{_allowed(preview):,} of {preview.addresses:,} would be ALLOW {when}.", "bold")
    output.say("Nothing was written: a count permits nobody.", "dim")


def preview_document(preview: Preview, file: str) -> dict[str, Any]:
    """Return the counts as JSON holds them."""
    return {
        "file": file,
        "addresses": preview.addresses,
        "allowed": _allowed(preview),
        "verdicts": {verdict_name(int(verdict)): count for verdict, count in preview.verdicts.items()},
        "shadow_verdicts": {verdict_name(int(verdict)): count for verdict, count in preview.shadow_verdicts.items()},
        "reasons": [
            {
                "rule": reason.rule,
                "verdict": verdict_name(int(reason.verdict)),
                "subject": reason.subject,
                "addresses": reason.addresses,
                "shadow": reason.shadow,
            }
            for reason in preview.reasons
        ],
        "open": [{"time": iso_of(each.time), "addresses": each.addresses} for each in preview.open],
        "checked_at": plain(preview.checked_at),
        "contact_time": iso_of(preview.contact_time) if preview.contact_time else None,
        "policy_version": preview.policy_version,
    }


def bar(count: int, most: int, width: int = BAR_WIDTH) -> str:
    """Draw a count as a bar, to the eighth of a character; never nothing for some, never full for less than most."""
    if not count or not most:
        return ""
    eighths = max(1, count * width * 8 // most)
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _show_verdicts(output: Output, preview: Preview) -> None:
    shadow = preview.shadow_verdicts
    titles = ["verdict", "addresses#", "share#", *(["shadow#"] if shadow else [])]
    output.table(
        titles,
        [
            (
                verdict_text(verdict_name(int(verdict))),
                f"{preview.verdicts.get(verdict, 0):,}",
                share(preview.verdicts.get(verdict, 0), preview.addresses),
                *([f"{shadow.get(verdict, 0):,}"] if shadow else []),
            )
            for verdict in {**preview.verdicts, **shadow}
        ],
    )


def _reason_row(preview: Preview, reason: ReasonCount) -> tuple[str | Text, ...]:
    told = rule_words(reason.rule) + (" (shadow: reported only)" if reason.shadow else "")
    return (
        verdict_text(verdict_name(int(reason.verdict))),
        told,
        fault_words(reason.subject) if reason.rule == "ADDRESS" else reason.subject,
        f"{reason.addresses:,}",
        share(reason.addresses, preview.addresses),
    )


def _show_hours(output: Output, preview: Preview, zone: tzinfo | None) -> None:
    most = max(each.addresses for each in preview.open)
    day = ""
    rows: list[tuple[str | Text, ...]] = []
    for each in preview.open:
        local = each.time.astimezone(zone)
        rows.append(
            (
                "" if (today := _day(local)) == day else today,
                f"{local:%H:%M}",
                f"{each.addresses:,}",
                Text(bar(each.addresses, most), style="green"),
            )
        )
        day = today
    output.table(["day", "from", "addresses#", ""], rows)


def _day(local: datetime) -> str:
    return f"{local:%a %Y-%m-%d}"


def _allowed(preview: Preview) -> int:
    return preview.verdicts.get(Verdict.ALLOW, 0)
