"""Results of a check as people and scripts read them."""

from typing import Any

from donotcontact import Result
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import iso_of
from donotcontact.cli.sentences import finding_sentence, findings_line, opening_words, verdict_name


def why(result: Result) -> str:
    """Say every reason in one line, and for DEFER when the address opens."""
    reasons = findings_line(int(result.verdict), list(result.findings))
    opens = opens_words(result)
    return f"{reasons}; opens {opens}" if opens and len(result.findings) > 1 else reasons


def opens_words(result: Result) -> str:
    """Say when the address opens, in the time zone of the rule that keeps it closed; empty where it does not say."""
    return opening_words(result.retry_at, result.findings) if result.retry_at else ""


def result_document(asked: str, result: Result) -> dict[str, Any]:
    """Return a result as JSON holds it."""
    shadow = int(result.shadow_verdict)
    return {
        "asked": asked,
        "address": result.address,
        "allowed": result.allowed,
        "verdict": verdict_name(int(result.verdict)),
        "retry_at": iso_of(result.retry_at) if result.retry_at else None,
        "findings": [{**plain(finding), "sentence": finding_sentence(finding)} for finding in result.findings],
        "shadow_verdict": verdict_name(shadow) if shadow else None,
    }
