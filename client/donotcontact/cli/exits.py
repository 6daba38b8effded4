"""How a command ends: the exit codes, and the failures that are the command's own."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What scripts branch on. Only OK after a question or a claim means "go ahead"."""

    OK = 0
    NOT_ALLOWED = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    FILE = 5
    INTERRUPTED = 130


EXIT_MEANINGS = {
    ExitCode.OK: (
        "It worked; for `check`, `scrub`, `explain` and `attempts reserve`: every address is ALLOW; for `optin claim` "
        "and `claim-send`: send now."
    ),
    ExitCode.NOT_ALLOWED: (
        "The answer is no: an address is not allowed (`check`, `scrub`, `explain`, `attempts reserve`), the opt-in "
        "request or the send was not granted (`optin claim`, `claim-send`), no permission was made (`permit`), a claim "
        "is not known (`attempts complete`), a policy differs (`policy diff`), a case fails (`policy test`), an "
        "entry was kept because it is the person's own word (`remove`), a consent had been taken back (`consent add`), "
        "the journal is broken (`journal verify`)."
    ),
    ExitCode.USAGE: "The command line is wrong, or a question was left unanswered. Nothing was done.",
    ExitCode.REFUSED: (
        "The server refused: the request is wrong, or the token may not do it. Nothing was changed, but for the "
        "batches of `add --from-file` that standard error names."
    ),
    ExitCode.UNREACHABLE: (
        "No answer: the server was not reachable, timed out, was overloaded or failed. Nothing may be contacted."
    ),
    ExitCode.FILE: "A file cannot be read or written, or cannot be understood. No result file was left.",
    ExitCode.INTERRUPTED: "Interrupted (Ctrl-C).",
}


class CommandError(Exception):
    """A failure of the command itself; `str()` says what is wrong, `hint` what to do."""

    code = ExitCode.USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep one sentence and the advice."""
        super().__init__(message)
        self.hint = hint


class UsageError(CommandError):
    """The command line does not say what is needed."""


class FileError(CommandError):
    """A file is not usable; the message names the line where there is one."""

    code = ExitCode.FILE
