"""The addresses that `dnc add` and `dnc remove` are about: named on the command line, or read from a file."""

from array import array
from dataclasses import dataclass

from donotcontact.cli.callfile import open_call_file
from donotcontact.cli.columns import choose_column
from donotcontact.cli.entryfaults import Given
from donotcontact.cli.exits import UsageError
from donotcontact.cli.headers import FirstRow
from donotcontact.cli.session import Session


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file of addresses is to be read, as far as a person said it."""

    column: str | None = None
    header: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None


def named(addresses: list[str], reading: Reading) -> Given:
    """Return the addresses named on the command line; raises `UsageError` where there are none, or a file is meant."""
    if not addresses:
        raise UsageError("No address is given.", "Name addresses, or give --from-file FILE.")
    if reading != Reading():
        raise UsageError("--column, --header, --encoding and --delimiter say how to read --from-file FILE.")
    return Given(addresses)


def read_given(session: Session, from_file: str, reading: Reading) -> Given:
    """Read the addresses of a file with their lines, and say how it was read."""
    first_row = FirstRow(reading.header, reading.column)
    with open_call_file(
        from_file, session.stdin, encoding=reading.encoding, delimiter=reading.delimiter, first_row=first_row
    ) as calls:
        layout = calls.layout
        header = layout.header[1] if layout.header else None
        chosen = choose_column(reading.column, header, layout.sample, layout.width, phones=None)
        head = "a header" if header else "no header"
        session.output.note(f"{calls.name}: {layout.rows:,} rows, {head}; addresses in column {chosen.title}.", "dim")
        addresses, lines = [], array("Q")
        for line, (_, cells) in calls.numbered_rows():
            addresses.append(cells[chosen.index] if chosen.index < len(cells) else "")
            lines.append(line)
    return Given(addresses, lines)
