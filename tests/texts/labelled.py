"""The labelled messages, and how well the classifier reads them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dncd.nouns import MessageClass
from dncd.texts import Classifier

FILE: Final = Path(__file__).with_name("messages.tsv")
# Written later, by another hand than the phrases of that time: only opt-outs and harmless messages.
FRESH_FILE: Final = Path(__file__).with_name("fresh_messages.tsv")
HALVES: Final = ("tuned", "held-out")
# The account of the labelled set has one form code.
OWN_CODES: Final = ("12345",)
STOPS: Final = frozenset({MessageClass.OPT_OUT, MessageClass.REVIEW})


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message, and the class a person gave it."""

    half: str
    expected: MessageClass
    text: str


@dataclass(frozen=True, slots=True)
class Figures:
    """How a half of the set came out. Of shares, the count is kept: a document shows both."""

    name: str
    messages: int
    opt_outs: int
    caught: int
    plain: int
    called_opt_out: int
    called_rightly: int
    harmless: int
    harmless_blocked: int
    uncertain: int
    uncertain_passed: int

    def row(self) -> str:
        return (
            f"| {self.name} | {self.messages} "
            f"| {_share(self.caught, self.opt_outs)} | {_share(self.plain, self.opt_outs)} "
            f"| {_share(self.called_rightly, self.called_opt_out)} | {_share(self.harmless_blocked, self.harmless)} "
            f"| {_share(self.uncertain_passed, self.uncertain)} |"
        )


def read_messages(file: Path = FILE) -> list[Labelled]:
    """Return the messages of a file, in its order."""
    lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]
    return [Labelled(half, MessageClass[expected], text) for half, expected, text in (row.split("\t") for row in lines)]


def measure(classifier: Classifier, half: str, file: Path = FILE) -> Figures:
    """Classify one half of a set and count."""
    pairs = [
        (message.expected, classifier.classify(message.text, OWN_CODES).message_class)
        for message in read_messages(file)
        if message.half == half
    ]
    count = _counter(pairs)
    harmless = frozenset({MessageClass.NONE, MessageClass.HELP, MessageClass.OPT_IN})
    return Figures(
        name=half if file == FILE else f"fresh, {half}",
        messages=len(pairs),
        opt_outs=count(lambda expected, _: expected is MessageClass.OPT_OUT),
        caught=count(lambda expected, found: expected is MessageClass.OPT_OUT and found in STOPS),
        plain=count(lambda expected, found: expected is found is MessageClass.OPT_OUT),
        called_opt_out=count(lambda _, found: found is MessageClass.OPT_OUT),
        called_rightly=count(lambda expected, found: expected is found is MessageClass.OPT_OUT),
        harmless=count(lambda expected, _: expected in harmless),
        harmless_blocked=count(lambda expected, found: expected in harmless and found in STOPS),
        uncertain=count(lambda expected, _: expected is MessageClass.REVIEW),
        uncertain_passed=count(lambda expected, found: expected is MessageClass.REVIEW and found not in STOPS),
    )


def _counter(
    pairs: Iterable[tuple[MessageClass, MessageClass]],
) -> Callable[[Callable[[MessageClass, MessageClass], bool]], int]:
    return lambda holds: sum(holds(expected, found) for expected, found in pairs)


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({part / whole:.1%})" if whole else "none"
