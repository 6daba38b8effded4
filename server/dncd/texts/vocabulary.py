"""The vocabulary: the package's tables, read and checked once."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from dncd.nouns import Channel, MessageClass
from dncd.texts.channels import Naming
from dncd.texts.doubts import Doubting
from dncd.texts.folding import fold_word
from dncd.texts.phrases import Phrases, Sets, compile_phrases

KEYWORDS_FILE: Final = "keywords.toml"
PHRASES_FILE: Final = "phrases.toml"
DOUBTS_FILE: Final = "doubts.toml"
CHANNELS_FILE: Final = "channels.toml"


@dataclass(frozen=True, slots=True)
class Keyword:
    """One word or short phrase that is a whole message, and where it is documented."""

    text: str
    language: str
    source: str
    message_class: MessageClass
    strong: bool
    assent: bool = False

    @property
    def label(self) -> str:
        """Return what an answer says of it: `STOP (en)`."""
        return f"{self.text} ({self.language})"


@dataclass(frozen=True, slots=True)
class Words:
    """The single words that matter within a text, folded."""

    spelling: Mapping[str, str]
    stems: Collection[str]
    harmless: Collection[str]
    harmless_fragments: Collection[str]
    doubtful: Collection[str]
    courtesies: Collection[str]
    signs: Collection[str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything the classifier knows; `keywords` is by folded text."""

    keywords: Mapping[str, Keyword]
    opt_in_marks: Collection[str]
    words: Words
    harmless: Phrases
    opt_out: Phrases
    hedge: Phrases
    review: Phrases
    doubts: Doubting
    namings: Sequence[Naming]
    joinable: Collection[str]


def load_vocabulary() -> Vocabulary:
    """Read the package's tables. Costs a tenth of a second; a fault in a table raises at once."""
    phrases = _table(PHRASES_FILE)
    sets = {name: _folded(members) for name, members in phrases["sets"].items()}
    return Vocabulary(
        # Where two fold alike, the first names both.
        keywords={fold_word(keyword.text): keyword for keyword in reversed(read_keywords())},
        opt_in_marks=frozenset(_table(KEYWORDS_FILE)["opt_in"]["marks"]),
        words=_words(phrases["words"], phrases["spelling"]),
        harmless=_phrases(phrases["harmless"], sets),
        opt_out=_phrases(phrases["opt_out"], sets),
        hedge=_phrases(phrases["hedge"], sets),
        review=_phrases(phrases["review"], sets),
        doubts=_doubting(_table(DOUBTS_FILE), phrases["words"], sets),
        namings=_namings(_table(CHANNELS_FILE), sets),
        joinable=_joinable(phrases, sets),
    )


def read_keywords() -> list[Keyword]:
    """Return every keyword with the text of its source, in the table's order."""
    table = _table(KEYWORDS_FILE)
    return [
        Keyword(
            text=word["text"],
            language=group["language"],
            source=table["sources"][word["source"]],
            message_class=MessageClass[group["class"]],
            strong=group["strong"],
            assent=word.get("assent", False),
        )
        for group in table["keyword"]
        for word in group["words"]
    ]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _words(table: Mapping[str, Sequence[str]], spelling: Mapping[str, Sequence[str]]) -> Words:
    return Words(
        spelling={fold_word(other): word for word, others in spelling.items() for other in others},
        stems=tuple(_folded(table["stems"])),
        harmless=frozenset(_folded(table["harmless"])),
        harmless_fragments=tuple(_folded(table["harmless_fragments"])),
        doubtful=frozenset(_folded(table["doubtful"])),
        courtesies=frozenset(_folded(table["courtesies"])),
        signs=frozenset(table["signs"]),
    )


def _doubting(table: Mapping[str, Any], words: Mapping[str, Sequence[str]], sets: Sets) -> Doubting:
    negation = table["negation"]
    sets = _with(sets, table["sets"])
    return Doubting(
        plain=frozenset(_folded(negation["plain"])),
        factual=frozenset(_folded(negation["factual"])),
        refusing=frozenset(_folded(negation["refusing"])),
        forbidding=frozenset(_folded(negation["forbidding"])),
        contact=frozenset(_folded(table["contact"]["words"])),
        everyday=frozenset(_folded(table["everyday"]["words"])),
        read=frozenset(_folded([*table["read"]["words"], *table["everyday"]["words"]])),
        assuring=frozenset(_folded(table["read"]["assuring"])),
        foreign_letters=frozenset(table["read"]["foreign_letters"]),
        courtesies=frozenset(_folded(words["courtesies"])),
        edges=frozenset(_folded(table["polite"]["words"])),
        signs=frozenset(words["signs"]),
        about=frozenset(_folded(table["remark"]["about"])),
        benign=frozenset(_folded(table["remark"]["benign"])),
        questions=frozenset(_folded(table["remark"]["questions"])),
        mild=_phrases(table["mild"], sets),
        phrases=_phrases(table["doubt"], sets),
    )


def _namings(table: Mapping[str, Any], sets: Sets) -> tuple[Naming, ...]:
    sets = _with(sets, table["sets"])
    return tuple(
        Naming(
            channels=frozenset(Channel[channel] for channel in naming["channels"]),
            words=frozenset(_folded(naming["words"])),
            phrases=compile_phrases({"named": naming["patterns"]}, sets) if "patterns" in naming else None,
        )
        for naming in table["named"]
    )


def _joinable(table: Mapping[str, Any], sets: Sets) -> frozenset[str]:
    """Return the words that the phrases of an opt-out are made of, and those said beside them."""
    patterns = (pattern for phrase in (*table["opt_out"], *table["review"]) for pattern in phrase["patterns"])
    tokens = (word for pattern in patterns for token in pattern.split() for word in token.rstrip("?").split("|"))
    members = (word for texts in sets.values() for text in texts for word in text.split())
    return frozenset(word for word in (*tokens, *members, *table["words"]["courtesies"]) if word.isalpha())


def _with(sets: Sets, more: Mapping[str, Sequence[str]]) -> Sets:
    return {**sets, **{name: _folded(members) for name, members in more.items()}}


def _phrases(table: Sequence[Mapping[str, Any]], sets: Sets) -> Phrases:
    return compile_phrases({phrase["name"]: phrase["patterns"] for phrase in table}, sets)


def _folded(texts: Sequence[str]) -> list[str]:
    return [fold_word(text) for text in texts]
