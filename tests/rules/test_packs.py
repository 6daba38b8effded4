"""The rule packs that come with the server: their facts, their document, and what a pack may not say."""

import re
from datetime import date

import pytest

from dncd.nouns import EVERY_PURPOSE, PHONE_CHANNELS, AttemptOutcome, AttemptScope, Channel, ConsentKind, Purpose
from dncd.rules.pack import (
    Confidence,
    ConsentTerm,
    CooldownRule,
    HoursRule,
    LimitRule,
    Pack,
    PackInvalid,
    PackRule,
    Revocation,
    Window,
    load_packs,
    read_pack,
)
from documents import REPOSITORY, table

DOCUMENT = REPOSITORY / "docs" / "reference" / "rule-packs.md"
PACKS = load_packs()
RULES = {rule.id: rule for pack in PACKS.values() for rule in pack.rules()}

# Monday to Friday, Saturday, Sunday.
HOURS = {
    "us-federal-hours": ("US", "08:00-21:00", "08:00-21:00", "08:00-21:00"),
    "us-fl-hours": ("US-FL", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "us-ok-hours": ("US-OK", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "us-wa-hours": ("US-WA", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "us-md-hours": ("US-MD", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "us-tx-hours": ("US-TX", "09:00-21:00", "09:00-21:00", "12:00-21:00"),
    "us-al-hours": ("US-AL", "08:00-20:00", "08:00-20:00", "closed"),
    "us-la-hours": ("US-LA", "08:00-20:00", "08:00-20:00", "closed"),
    "us-ms-hours": ("US-MS", "08:00-20:00", "08:00-20:00", "closed"),
    "us-ct-hours": ("US-CT", "09:00-20:00", "09:00-20:00", "09:00-20:00"),
    "us-ky-hours": ("US-KY", "10:00-21:00", "10:00-21:00", "10:00-21:00"),
    "us-ma-hours": ("US-MA", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "us-mi-hours": ("US-MI", "09:00-21:00", "09:00-21:00", "09:00-21:00"),
    "us-mn-hours": ("US-MN", "09:00-21:00", "09:00-21:00", "09:00-21:00"),
    "us-pa-hours": ("US-PA", "08:00-21:00", "08:00-21:00", "12:00-21:00"),
    "us-ri-hours": ("US-RI", "09:00-18:00", "10:00-17:00", "closed"),
    "us-ut-hours": ("US-UT", "08:00-21:00", "08:00-21:00", "closed"),
    "us-wy-hours": ("US-WY", "08:00-20:00", "08:00-20:00", "08:00-20:00"),
    "in-promotional-hours": ("IN", "10:00-21:00", "10:00-21:00", "10:00-21:00"),
    "au-telemarketing-hours": ("AU", "09:00-20:00", "09:00-17:00", "closed"),
    "au-research-hours": ("AU", "09:00-20:30", "09:00-17:00", "09:00-17:00"),
    "ca-hours": ("CA", "09:00-21:30", "10:00-18:00", "10:00-18:00"),
    "reg-f-hours": ("US", "08:00-21:00", "08:00-21:00", "08:00-21:00"),
}

SOUND = """\
title = "A pack"

[[hours]]
id = "a-rule"
region = "US-FL"
citation = "a statute"
effective = 2021-07-01
confidence = "confirmed"
weekdays = "08:00-20:00"
saturday = "closed"
sunday = "00:00-24:00"
"""


def words(window: Window | None) -> str:
    return str(window) if window else "closed"


def test_the_packs_are_those_of_the_design() -> None:
    assert list(PACKS) == ["au", "ca", "in", "reg-f", "uk", "us-federal", "us-states", "us-states-unconfirmed"]


def test_the_hours_of_every_pack_are_those_of_the_law() -> None:
    found = {
        rule.id: (rule.region, words(rule.weekdays), words(rule.saturday), words(rule.sunday))
        for pack in PACKS.values()
        for rule in pack.hours
    }

    assert found == HOURS


def test_only_australian_hours_are_closed_on_holidays() -> None:
    calendars = {rule.id: rule.holiday_calendar for pack in PACKS.values() for rule in pack.hours}

    assert {name: calendar for name, calendar in calendars.items() if calendar} == {
        "au-telemarketing-hours": "AU",
        "au-research-hours": "AU",
    }


def test_the_limits_of_every_pack_are_those_of_the_law() -> None:
    found = {
        rule.id: (rule.region, rule.max, rule.per_hours, rule.per) for pack in PACKS.values() for rule in pack.limits
    }

    assert found == {
        "us-fl-limit": ("US-FL", 3, 24, AttemptScope.NUMBER),
        "us-ok-limit": ("US-OK", 3, 24, AttemptScope.NUMBER),
        "us-md-limit": ("US-MD", 3, 24, AttemptScope.NUMBER),
        "reg-f-limit": ("", 7, 168, AttemptScope.DEBT),
    }


def test_the_cooldowns_of_every_pack_are_those_of_the_law() -> None:
    found = {
        rule.id: (rule.region, rule.after, rule.hours, rule.days, rule.per)
        for pack in PACKS.values()
        for rule in pack.cooldowns
    }

    assert found == {
        "uk-abandoned": ("GB", AttemptOutcome.ABANDONED, 72, 0, AttemptScope.NUMBER),
        "reg-f-conversation": ("", AttemptOutcome.CONVERSATION, 0, 7, AttemptScope.DEBT),
    }


def test_the_consent_terms_of_every_pack_are_those_of_the_law() -> None:
    found = {rule.id: (rule.region, rule.kind, rule.months) for pack in PACKS.values() for rule in pack.consents}

    assert found == {
        "us-federal-relationship": ("US", ConsentKind.BUSINESS_RELATIONSHIP, 18),
        "us-federal-inquiry": ("US", ConsentKind.INQUIRY, 3),
        "ca-relationship": ("CA", ConsentKind.BUSINESS_RELATIONSHIP, 18),
        "ca-inquiry": ("CA", ConsentKind.INQUIRY, 6),
    }


def test_a_revocation_ends_the_consents_to_every_purpose_from_its_day() -> None:
    found = {name: pack.revocation.all_purposes_from for name, pack in PACKS.items() if pack.revocation}

    assert found == {"us-federal": date(2027, 1, 31)}


def test_rules_hold_on_every_phone_channel_for_every_purpose_unless_they_say_otherwise() -> None:
    narrow = {
        rule.id: (rule.channels, rule.purposes)
        for rule in RULES.values()
        if (rule.channels, rule.purposes) != (PHONE_CHANNELS, EVERY_PURPOSE)
    }

    debts, voice = frozenset({Purpose.DEBT_COLLECTION}), frozenset({Channel.VOICE})
    assert narrow == {
        "in-promotional-hours": (PHONE_CHANNELS, {Purpose.MARKETING}),
        "au-telemarketing-hours": (PHONE_CHANNELS, EVERY_PURPOSE - {Purpose.SURVEY}),
        "au-research-hours": (PHONE_CHANNELS, {Purpose.SURVEY}),
        "uk-abandoned": (voice, EVERY_PURPOSE),
        "reg-f-hours": (PHONE_CHANNELS, debts),
        "reg-f-limit": (voice, debts),
        "reg-f-conversation": (voice, debts),
    }


def test_what_is_known_second_hand_stands_in_a_pack_of_its_own() -> None:
    second_hand = {
        name for name, pack in PACKS.items() for rule in pack.rules() if rule.confidence is Confidence.SECOND_HAND
    }

    assert second_hand == {"us-states-unconfirmed"}
    assert {rule.confidence for rule in PACKS["us-states-unconfirmed"].rules()} == {Confidence.SECOND_HAND}


def test_no_state_is_both_confirmed_and_unconfirmed() -> None:
    confirmed, second_hand = (
        {rule.region for rule in PACKS[name].rules()} for name in ("us-states", "us-states-unconfirmed")
    )

    assert confirmed == {"US-FL", "US-OK", "US-WA"}
    assert confirmed & second_hand == set()


def test_every_id_is_that_of_one_rule() -> None:
    assert len(RULES) == sum(len(pack.rules()) for pack in PACKS.values())


def test_every_rule_is_documented_as_it_is() -> None:
    documented = [row for row in table(DOCUMENT, "Rules") if row[0]]

    assert documented == [row(pack, rule) for pack in PACKS.values() for rule in pack.rules()]


def test_every_pack_has_a_row_in_the_document() -> None:
    assert table(DOCUMENT, "Packs") == [[pack.name, pack.title] for pack in PACKS.values()]


def row(pack: Pack, rule: PackRule) -> list[str]:
    """Write a rule as the document has it."""
    narrowed = [
        *([] if rule.channels == PHONE_CHANNELS else [names(rule.channels)]),
        *([] if rule.purposes == EVERY_PURPOSE else [names(rule.purposes)]),
    ]
    only = "; ".join(narrowed) or "-"
    return [
        rule.id,
        pack.name,
        rule.region or "any",
        asks(rule),
        only,
        str(rule.effective),
        rule.confidence,
        rule.citation,
    ]


def names(chosen: frozenset[Channel] | frozenset[Purpose]) -> str:
    return ", ".join(choice.name for choice in sorted(chosen))


def asks(rule: PackRule) -> str:
    match rule:
        case HoursRule():
            return hours(rule)
        case LimitRule():
            return f"at most {rule.max} attempts in {rule.per_hours} hours, per {rule.per.name}"
        case CooldownRule():
            length = f"{rule.hours} hours" if rule.hours else f"{rule.days} calendar days"
            return f"none for {length} after {rule.after.name}, per {rule.per.name}"
        case ConsentTerm():
            return f"{rule.kind.name} lasts {rule.months} months"
        case Revocation():
            return f"one revocation ends consents to all purposes from {rule.all_purposes_from}"
    raise AssertionError(f"a kind of rule that the document has no words for: {rule}")


def hours(rule: HoursRule) -> str:
    days = {"Mon-Fri": words(rule.weekdays), "Sat": words(rule.saturday), "Sun": words(rule.sunday)}
    if len(set(days.values())) == 1:
        text = f"{words(rule.weekdays)} daily"
    else:
        text = ", ".join(f"{name} {open_hours}" for name, open_hours in days.items())
    return f"{text}, closed on holidays of {rule.holiday_calendar}" if rule.holiday_calendar else text


def test_a_sound_pack_is_read() -> None:
    pack = read_pack("sound", SOUND)

    (rule,) = pack.rules()
    assert isinstance(rule, HoursRule)
    assert (rule.weekdays, rule.saturday, rule.sunday) == ((480, 1200), None, (0, 1440))
    assert (rule.channels, rule.purposes) == (PHONE_CHANNELS, EVERY_PURPOSE)
    assert rule.effective == date(2021, 7, 1)


HEAD = SOUND.split("weekdays", maxsplit=1)[0]
LIMIT = HEAD.replace("hours", "limits") + 'max = 3\nper_hours = 24\nper = "NUMBER"\n'
COOLDOWN = HEAD.replace("hours", "cooldowns") + 'hours = 72\nafter = "ABANDONED"\nper = "NUMBER"\n'
CONSENT = HEAD.replace("hours", "consent") + 'kind = "INQUIRY"\nmonths = 3\n'


@pytest.mark.parametrize("text", [LIMIT, COOLDOWN, CONSENT])
def test_every_kind_of_rule_is_read(text: str) -> None:
    assert [rule.id for rule in read_pack("sound", text).rules()] == ["a-rule"]


@pytest.mark.parametrize(
    ("text", "old", "new", "fault"),
    [
        (SOUND, 'title = "A pack"', "", "title: is missing"),
        (SOUND, 'title = "A pack"', 'title = " "', "title: is empty"),
        (SOUND, 'title = "A pack"', 'title = "A pack"\ncolour = "red"', "colour: is not known here"),
        (SOUND, "[[hours]]", "[hours]", "hours: expected [[hours]]"),
        (SOUND, "[[hours]]", "[[hour]]", "hour: is not known here"),
        (SOUND, 'sunday = "00:00-24:00"', "", "hours[0].sunday: is missing"),
        (SOUND, 'sunday = "00:00-24:00"', 'sunday = "closed"\nmonday = "closed"', "hours[0].monday: is not known here"),
        (SOUND, '"08:00-20:00"', '"8:00-20:00"', 'hours[0].weekdays: "8:00-20:00" is neither'),
        (SOUND, '"08:00-20:00"', '"08:00-24:01"', 'hours[0].weekdays: "08:00-24:01" is neither'),
        (SOUND, '"08:00-20:00"', '"08:60-20:00"', "hours[0].weekdays:"),
        (SOUND, '"08:00-20:00"', '"08:00-20:00\\n"', "hours[0].weekdays:"),
        (SOUND, '"08:00-20:00"', '"20:00-08:00"', 'hours[0].weekdays: "20:00-08:00" ends before it begins'),
        (SOUND, '"08:00-20:00"', '"08:00-08:00"', "ends before it begins"),
        (SOUND, '"08:00-20:00"', "8", "hours[0].weekdays: expected text"),
        (SOUND, '"US-FL"', '"US-ZZ"', 'hours[0].region: "US-ZZ" is not a country or subdivision'),
        (SOUND, '"US-FL"', '"UK"', 'hours[0].region: "UK" is not a country'),
        (SOUND, '"US-FL"', '"any"', 'hours[0].region: "any" is not a country'),
        (CONSENT, '"US-FL"', '"any"', 'consent[0].region: "any" is not a country'),
        (LIMIT, 'region = "US-FL"', "", "limits[0].region: is missing"),
        (SOUND, '"US-FL"', '"us"', 'hours[0].region: "us" is not a country'),
        (SOUND, '"a-rule"', '"A rule"', 'hours[0].id: "A rule" is not'),
        (SOUND, "2021-07-01", '"2021-07-01"', "hours[0].effective: expected a date"),
        (SOUND, "2021-07-01", "2021-07-01T00:00:00Z", "hours[0].effective: expected a date"),
        (SOUND, '"confirmed"', '"rumour"', "hours[0].confidence: expected one of confirmed, second-hand"),
        (SOUND, "weekdays", 'channels = ["PIGEON"]\nweekdays', "hours[0].channels: expected one of VOICE, SMS"),
        (SOUND, "weekdays", "channels = []\nweekdays", "hours[0].channels: expected at least one name"),
        (SOUND, "weekdays", 'channels = ["SMS", "SMS"]\nweekdays', "hours[0].channels: expected at least one name"),
        (SOUND, "weekdays", 'channels = "SMS"\nweekdays', "hours[0].channels: expected a list"),
        (SOUND, "weekdays", "purposes = [1]\nweekdays", "hours[0].purposes: expected one of MARKETING"),
        (SOUND, "weekdays", 'holidays = "closed"\nweekdays', "hours[0].holiday_calendar: is missing"),
        (SOUND, "weekdays", 'holiday_calendar = "US"\nweekdays', "hours[0].holidays: is missing"),
        (SOUND, "weekdays", 'holidays = "open"\nholiday_calendar = "US"\nweekdays', "hours[0].holidays: expected"),
        (SOUND, "weekdays", 'holidays = "closed"\nholiday_calendar = "XX"\nweekdays', "hours[0].holiday_calendar:"),
        (SOUND, 'title = "A pack"', 'title = "A pack"\nrevocation = 1', "revocation: expected a table"),
        (SOUND, 'title = "A pack"', "title = A pack", "Invalid value"),
        (LIMIT, "max = 3", "max = 0", "limits[0].max: expected 1 to 10,000"),
        (LIMIT, "max = 3", "max = true", "limits[0].max: expected a whole number"),
        (LIMIT, "max = 3", "max = 3.0", "limits[0].max: expected a whole number"),
        (LIMIT, '"NUMBER"', '"PERSON"', "limits[0].per: expected one of NUMBER, CONTACT, DEBT"),
        (COOLDOWN, "hours = 72", "hours = 72\ndays = 3", "cooldowns[0].hours: expected either hours or days"),
        (COOLDOWN, "hours = 72", "", "cooldowns[0].hours: expected either hours or days"),
        (COOLDOWN, '"ABANDONED"', '"NO_ANSWER"', "cooldowns[0].after: expected one of CONVERSATION, ABANDONED"),
        (CONSENT, '"INQUIRY"', '"EXPRESS"', "consent[0].kind: expected one of BUSINESS_RELATIONSHIP, INQUIRY"),
        (CONSENT, "months = 3", "months = -3", "consent[0].months: expected 1 to"),
    ],
)
def test_a_pack_that_says_what_nobody_knows_is_refused_with_its_file_and_key(
    text: str, old: str, new: str, fault: str
) -> None:
    assert old in text

    with pytest.raises(PackInvalid, match=re.escape("spoiled.toml: ") + ".*" + re.escape(fault)):
        read_pack("spoiled", text.replace(old, new, 1))


def test_an_id_that_is_given_twice_is_refused() -> None:
    twice = SOUND + SOUND.split("\n\n")[1]

    with pytest.raises(PackInvalid, match=r"a-rule is a rule of spoiled\.toml already"):
        read_pack("spoiled", twice)


def test_loading_twice_gives_equal_packs() -> None:
    assert load_packs() == PACKS
