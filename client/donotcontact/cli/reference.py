"""The reference of the command as Markdown, written from the command itself: `python -m donotcontact.cli.reference`."""

import sys
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from donotcontact.cli.app import app
from donotcontact.cli.exits import EXIT_MEANINGS

Command = Any
"""A command as typer builds it; its type is private."""

HEAD = """\
# The `dnc` command

Written by `python -m donotcontact.cli.reference > docs/reference/dnc.md`. Change the command, not this page.

`dnc` asks a do-not-contact server, and tells it what changed. Only ALLOW permits contact.

## Exit codes

| code | meaning |
|---|---|
"""
TAIL = """\
## Output

People get tables on standard output; notes, warnings and errors go to standard error. With `--json`, before or behind
the command, standard output holds one JSON document and nothing else; `dnc watch` writes one document a line. Field
names are those of the contract in `proto/`; enum values come without their prefix (`BLOCK`, not `VERDICT_BLOCK`),
times in UTC, 64-bit integers as numbers.

A failure is told in words on standard error. With `--json` standard output then ends with one line for scripts, too:

```json
{"error": {"reason": "INVALID_ADDRESS", "message": "line 1201: no address", "fields": [{"field": "line 1201",
  "description": "no address"}], "incident": "", "exit_code": 3}}
```

`reason` is the server's, one of [errors](errors.md), or the kind of the failure where the server gave none: `TIMEOUT`,
`UNAVAILABLE`, `INCOMPLETE_ANSWER`, `SERVER_ERROR`; `USAGE` and `FILE` are the command's own. `incident` names the trace
of a bug in the server's log. A command line that cannot be parsed is told in words alone.

Times are ISO 8601 with their offset, such as `2026-11-03T20:30-05:00`, or `2026-11-03T20:30Z` for UTC. One without an
offset is refused, a day alone too. `+90d` is from now on (`m`, `h`, `d`, `w`).

## Call files

What `dnc scrub` and `dnc add --from-file` read:

- A CSV with any header or none, or one address a line; comma, semicolon, tab or pipe; a first line `sep=;` counts.
- UTF-8 with or without a byte order mark, UTF-16 with its mark, else Windows-1252. `--encoding` names another.
- The address column is the one that is named so (phone, mobile, tel, email and the like) and looks so in the first
  100 rows. If several do, or none does, `dnc` asks for `--column` and leaves with 2. It never guesses between two.
- The first row is a header where its cell in the address column is a usual title (phone, Tel., e-mail, Rufnummer and
  the like), or letters alone above a column of addresses, or where `--column` names it. A cell that may be an address
  is none: a number, `911`, `1-800-FLOWERS`, `201XXXXXXX`, `n/a`. Where nothing tells, such as `A1` or an empty cell,
  `dnc` asks for `--header` or `--no-header` and leaves with 2: a row that is taken for a header would not be screened.
- A NUL byte, a cell of more than 131,072 characters, a quote that does not balance, text that is not in the encoding:
  refused with the line, before the server is asked.

What `dnc scrub` writes:

- Every row once, in order, its text unchanged, with `dnc_verdict`, `dnc_reason` and `dnc_retry_at` behind it; under a
  policy in SHADOW mode also `dnc_shadow_verdict`. UTF-8, with a byte order mark if the input had one. The delimiter and
  line ending of the input.
- `dnc_retry_at` is when a row that is DEFER opens, in UTC; empty for the others, and where no opening is known.
- A row that is shorter than the widest is filled up with empty cells; the header too. A file without a header gets
  none. Blank lines inside the file are rows without an address: INVALID. Blank lines at the end are left out.
- There is no column with the normalized address: the scrub answer of the server does not hold it. `dnc check` does.
- A file that has one of these columns already is refused: an old verdict must not be read as new.
- Cells stay as they were, also those that a spreadsheet reads as a formula (`=1+1`). Take care with files of strangers.
- The result is written beside its target under a temporary name and renamed when it is whole. A run that breaks leaves
  none. Only one that was killed at once (`kill -9`) leaves `.dnc-*.part` there, with addresses and verdicts in it:
  delete it when no scrub is under way. A result that exists stays, unless `--force` is given: then it goes when the
  screening begins, so that nobody takes it for the new one. The call file itself is never overwritten.

The columns of `--time-zone-column`, `--postal-code-column`, `--contact-column` and `--debt-column` go to the server
with their rows; an empty cell says nothing. A time zone or a postal code that cannot be read is a matter of its row:
under a policy with calling hours the row is UNSCREENED, its reason says which of the two, and the others are screened.
An id that the server refuses, such as one of more than 128 bytes, ends the run and is named by its row.

## Policies and their cases

A policy is YAML in the names of `proto/donotcontact/v1/policy.proto`, enum values without their prefix:

```yaml
name: us-telemarketing
channels: [VOICE, SMS]
registries:
  - {name: us-national, max_age_days: 31, lifted_by: [EXPRESS_WRITTEN, BUSINESS_RELATIONSHIP]}
calling_hours: [us-federal, us-states]
attempt_limits:
  - {max: 3, per_hours: 24, regions: [US-FL, US-OK, US-MD]}
cooldowns:
  - {after: CONVERSATION, days: 7, per: DEBT}
```

What `dnc policy test` reads:

```yaml
policy: us-telemarketing            # the policy in force that is asked; --policy FILE asks a file instead
cases:
  - name: Florida closes at eight
    address: +1 305 555 0123
    channel: VOICE
    time: 2026-11-24T20:30-05:00    # without an offset: the time of time_zone
    expect: DEFER
    reasons: [us-fl-hours]          # each must be among the reasons: a legal rule by its id, or a rule such as ENTRY
```

A case may also have `region`, `time_zone`, `postal_code`, `contact_id` and `debt_id`. In both files a key that is not
known is refused with its path and line.
"""


def reference() -> str:
    """Return the whole page."""
    root = get_command(app)
    codes = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in EXIT_MEANINGS.items())
    parts = [HEAD, codes, "\n## Global options\n\nThey stand before the command; `--json` also behind it.\n\n"]
    parts += [_options(root), "\n## Commands\n\n"]
    parts += [_section(f"dnc {name}", command) for name, command in commands(root)]
    return "".join([*parts, TAIL])


def commands(group: Command, prefix: str = "") -> Iterator[tuple[str, Command]]:
    """Yield every command that can be run, by its full name, in the order of the help."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def _section(name: str, command: Command) -> str:
    arguments = " ".join(_metavar(each) for each in command.params if each.param_type_name == "argument")
    usage = f"    {name} {arguments} [OPTIONS]".replace("  [", " [")
    return f"### `{name}`\n\n{command.help.strip()}\n\n{usage}\n\n{_options(command)}\n"


def _options(command: Command) -> str:
    rows = [_row(each) for each in command.params if not each.hidden and "completion" not in each.name]
    return "| option | meaning |\n|---|---|\n" + "".join(rows)


def _row(option: Command) -> str:
    names = [*option.opts, *option.secondary_opts] if option.param_type_name == "option" else [_metavar(option)]
    shown = ", ".join(f"`{name}`" for name in names)
    if option.param_type_name == "option" and option.metavar:
        shown += f" {option.metavar.replace('|', ' or ')}"
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    if option.default not in (None, False, "") and option.param_type_name == "option":
        notes.append(f"Default: {option.default}.")
    if option.envvar:
        notes.append(f"Variable: `{option.envvar}`.")
    return f"| {shown} | {' '.join(notes)} |\n"


def _metavar(argument: Command) -> str:
    return str(argument.metavar or argument.name.upper())


if __name__ == "__main__":
    sys.stdout.write(reference())
