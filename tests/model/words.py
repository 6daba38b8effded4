"""What persons said: consents, messages, decisions and permission for one send, as changes of the reference model."""

from dataclasses import replace

from model.answering import answer, strongest
from model.clocks import after_months, latest_day
from model.facts import (
    ACCEPTED,
    ALLOW,
    BLOCK,
    CONFIRMATION_MS,
    EMAIL,
    EVERY_PURPOSE,
    INBOUND_MESSAGE,
    INVALID,
    MEANINGS,
    NONE,
    NOT_SENT,
    NOWHERE,
    OPT_IN,
    OPT_IN_RULES,
    OPT_OUT,
    PERMISSION_MS,
    PERMISSION_REQUIRED,
    PHONE_CHANNELS,
    PLACES,
    REJECTED,
    REVIEW,
    REVOKED_FOR_ALL_FROM,
    RULE_ENTRY,
    RULE_LIMIT,
    RULE_REVIEW,
    SENT,
    SMS,
    TERMS,
    WHATSAPP,
)
from model.nouns import Consent, ConsentKey, Finding, OptIn, Permission, Refused, Revocation, Row, Waiting
from model.reference import EVERY_CHANNEL, RELATIONS, STOP, TEXTS, Account

RECORDED, STOOD_ALREADY, TAKEN_BACK = 1, 2, 3


def reach(address: str) -> frozenset[int]:
    return frozenset({EMAIL}) if "@" in address else PHONE_CHANNELS


def end_of(address: str, kind: int, given_ms: int, wanted_ms: float) -> float:
    """Return when a consent ends: as wanted, or by rule where that is earlier."""
    if kind not in TERMS:
        return wanted_ms
    months, regions = TERMS[kind], PLACES.get(address, NOWHERE).regions
    there = [months[region] for region in regions if region in months] or [months[None]]
    return min(wanted_ms, after_months(given_ms, min(there)))


def record_consent(account: Account, key: ConsentKey, wanted: Consent) -> tuple[int, Consent]:
    """Record a consent; returns what became of it, and the consent with its end."""
    reasons = []
    if key.policy and key.policy not in {*account.policies, *account.named}:
        reasons.append("POLICY_NOT_FOUND")
    wanted = replace(wanted, ends_ms=end_of(key.address, key.kind, wanted.given_ms, wanted.ends_ms))
    if wanted.given_ms > wanted.recorded_ms or wanted.ends_ms <= wanted.recorded_ms:
        reasons.append("INVALID_FIELD")
    if reasons:
        raise Refused(*reasons)
    account.note(key.address, wanted.position)
    if is_taken_back(account, key, wanted.given_ms, wanted.recorded_ms):
        return TAKEN_BACK, wanted
    account.named.add(key.policy)
    return RECORDED if _keep_longer(account, key, wanted) else STOOD_ALREADY, wanted


def is_taken_back(account: Account, key: ConsentKey, given_ms: int, now_ms: int) -> bool:
    """Tell whether a consent was given before it was revoked, or before the word that ended it."""
    return _is_revoked(account, key, given_ms) or _ended_by_own_word(account, key, given_ms, now_ms)


def _ended_by_own_word(account: Account, key: ConsentKey, given_ms: int, now_ms: int) -> bool:
    if key.kind not in RELATIONS:
        return given_ms <= account.words.get(key.address, -1)
    said_ms = max(account.words.get(key.address, -1), account.words_of_labels.get(key.address, -1))
    return given_ms <= said_ms or account.word_stands(key.address, now_ms)


def _is_revoked(account: Account, key: ConsentKey, given_ms: int) -> bool:
    return any(
        given_ms <= each.at_ms
        and each.address == key.address
        and each.channels & key.channels
        and (not each.purposes or key.purpose == 0 or key.purpose in each.purposes)
        for each in account.revocations
    )


def _keep_longer(account: Account, key: ConsentKey, consent: Consent) -> bool:
    if key in account.consents and account.consents[key].ends_ms >= consent.ends_ms:
        return False
    account.consents[key] = consent
    return True


def revoke(
    account: Account, address: str, channels: frozenset[int], purposes: frozenset[int], now_ms: int, position: int
) -> tuple[int, bool]:
    """Take consents away; returns how many were touched, and whether a rule widened it to every purpose."""
    place = PLACES.get(address, NOWHERE)
    in_time = "US" in place.regions and latest_day(place.zones, now_ms) >= REVOKED_FOR_ALL_FROM
    widened = in_time and bool(purposes) and purposes != EVERY_PURPOSE
    account.note(address, position)
    touched = [
        key
        for key in account.consents
        if key.address == address
        and (not channels or key.channels & channels)
        and (widened or not purposes or key.purpose == 0 or key.purpose in purposes)
    ]
    gone = {key: account.consents.pop(key) for key in touched}
    for key, consent in gone.items():
        if channels and key.channels - channels:
            _keep_longer(account, replace(key, channels=key.channels - channels), consent)
    about = frozenset() if widened else purposes
    account.revocations.append(Revocation(address, channels or EVERY_CHANNEL, about, now_ms))
    account.drop_permissions(address, channels or EVERY_CHANNEL)
    return len(gone), widened


def write(
    account: Account, number: str, channel: int, text: str, now_ms: int, position: int, *, reused: bool = False
) -> tuple[int, int, int | None]:
    """Do what a message says; returns what it says, the status, and until when the one confirmation may be sent.

    Under the id of another message only what may be an opt-out is recorded.
    """
    meaning, changed = meaning_of(text, channel, account.status(number)), False
    if reused and meaning not in {OPT_OUT, REVIEW}:
        raise Refused("REQUEST_ID_REUSED")
    account.note(number, position)
    if meaning == REVIEW:
        account.reviews[position] = Waiting(number, channel, now_ms)
    if meaning in {OPT_OUT, OPT_IN}:
        changed = _turn(account, number, channel, meaning, now_ms, position)
    stop = account.entries.get((number, *STOP))
    is_repeated = stop is not None and stop.starts_ms <= now_ms < stop.ends_ms and stop.position != position
    until_ms = now_ms + CONFIRMATION_MS if changed and not is_repeated else None
    if until_ms is not None:
        _drop_ended(account, number, now_ms)
        account.permissions[position] = Permission(Row(number), channel, "", confirms=True, ends_ms=until_ms)
    return meaning, account.status(number), until_ms


def meaning_of(text: str, channel: int, status: int) -> int:
    """Tell what a text says to a number of a status: YES is the answer to an opt-in request, which came by SMS."""
    if text != "YES" or (status == SENT and channel == SMS):
        return MEANINGS[text]
    return REVIEW if status == REJECTED else NONE


def _drop_ended(account: Account, address: str, now_ms: int) -> None:
    for name, known in list(account.permissions.items()):
        if known.row.address == address and known.ends_ms <= now_ms:
            del account.permissions[name]


def _turn(account: Account, number: str, channel: int, meaning: int, now_ms: int, position: int) -> bool:
    """Do what STOP or START does. WHATSAPP has no opt-in: START there only takes back what STOP there did."""
    status = REJECTED if meaning == OPT_OUT else ACCEPTED
    if channel == WHATSAPP and status == ACCEPTED:
        account.take_back(number, frozenset({WHATSAPP}))
        if account.status(number) != REJECTED:
            return False
        # An entry that is gone leaves the status that its STOP made by SMS.
        if left := (account.rejected_on(number) - {WHATSAPP}) | account.stopped_on(number):
            account.opt_ins[number] = replace(account.opt_ins[number], said_on=left)
            return False
        status = NOT_SENT
    return account.move(number, OptIn(status, INBOUND_MESSAGE, now_ms, position), frozenset({channel}))


def decide(
    account: Account, known: dict[int, str], name: int, *, opt_out: bool, manager: bool, now_ms: int, position: int
) -> bool:
    """Decide a review, of those that there ever were; tell whether that changed anything."""
    if name not in known:
        raise Refused("REVIEW_NOT_FOUND")
    if not opt_out and not manager:
        raise Refused("OWN_WORD_STANDS")
    waited, number = account.reviews.pop(name, None), known[name]
    account.note(number, position)
    before = _standing(account, number)
    if opt_out:
        # Of one that was decided before, nobody knows the channel: it is a STOP on each.
        said_on = frozenset({waited.channel}) if waited else TEXTS
        account.move(number, OptIn(REJECTED, INBOUND_MESSAGE, now_ms, position), said_on)
    return waited is not None or _standing(account, number) != before


def _standing(account: Account, number: str) -> tuple[object, ...]:
    """Return what a STOP may change."""
    entries = [entry for entry in account.entries.values() if entry.target == number]
    consents = [key for key in account.consents if key.address == number]
    permissions = [known for known in account.permissions.values() if known.row.address == number]
    facts = len(entries), len(consents), len(permissions)
    return account.status(number), account.stopped_on(number), *facts


def authorize(
    account: Account, policy: str, channel: int, row: Row, now_ms: int, position: int, *, given: bool
) -> tuple[int, int | None]:
    """Note whether permission was given; returns the verdict for this send, and when a permission ends."""
    verdict, _, found = answer(account, policy, channel, row, now_ms)
    if verdict == INVALID:
        raise Refused("INVALID_ADDRESS")
    # A full limit stands against a send as well, so permission is not all that is missing.
    stops = {finding.verdict for finding in found if not finding.shadow} - {ALLOW}
    account.note(row.address, position)
    _drop_ended(account, row.address, now_ms)
    account.drop_permissions(row.address, frozenset({channel}))
    if not given or stops != {PERMISSION_REQUIRED}:
        return verdict, None
    ends_ms = now_ms + PERMISSION_MS
    account.permissions[position] = Permission(row, channel, policy, confirms=False, ends_ms=ends_ms)
    return ALLOW, ends_ms


def claim_send(account: Account, made: dict[int, str], name: int, now_ms: int, position: int) -> tuple[bool, int, bool]:
    """Use a permission up; returns whether to send, the verdict, and whether anything was written.

    `made` has the address of every permission that there ever was. What stops the send leaves the permission there.
    """
    if name not in made:
        raise Refused("PERMISSION_NOT_FOUND")
    known = account.permissions.get(name)
    if known is not None and not known.used and now_ms < known.ends_ms:
        _, _, found = answer(account, known.policy, known.channel, known.row, now_ms)
        stops = [finding for finding in found if not _passes(known, name, finding)]
        if stops:
            return False, strongest(stops), False
        account.permissions[name] = replace(known, used=True)
        account.note(made[name], position)
        return True, ALLOW, True
    account.note(made[name], position)
    return False, BLOCK, True


def may_send_again(account: Account, name: int, now_ms: int) -> bool:
    """Tell whether a retry of the claim that used a permission up is granted: not ended, and nothing new stops it.

    In limits counts what it was granted.
    """
    known = account.permissions.get(name)
    if known is None or not known.used or now_ms >= known.ends_ms:
        return False
    _, _, found = answer(account, known.policy, known.channel, known.row, now_ms)
    return all(_passes(known, name, finding) for finding in found if finding.rule != RULE_LIMIT)


def claim_request(
    account: Account, policy: str, number: str, position: int, now_ms: int
) -> tuple[bool, int, bool, list[Finding]]:
    """Claim the opt-in request; returns whether to send, the status, whether the person stops it, and all stops.

    Nothing is written where anything but the opt-in stops it.
    """
    stops = stops_of_request(account, policy, number, now_ms)
    granted = False
    if not stops:
        account.note(number, position)
        granted = account.status(number) == NOT_SENT
    if granted:
        account.move(number, OptIn(SENT, 0, now_ms, position))
    blocked = any(each.rule in {RULE_ENTRY, RULE_REVIEW} for each in stops)
    return granted, account.status(number), blocked, stops


def stops_of_request(account: Account, policy: str, number: str, now_ms: int) -> list[Finding]:
    _, _, found = answer(account, policy, SMS, Row(number), now_ms)
    return [each for each in found if each.verdict != ALLOW and not each.shadow and each.rule not in OPT_IN_RULES]


def _passes(known: Permission, name: int, finding: Finding) -> bool:
    if finding.shadow or finding.verdict == ALLOW:
        return True
    if known.confirms:
        return finding.position == name
    return finding.verdict == PERMISSION_REQUIRED and finding.position < name


def in_force(consent: Consent, now_ms: int) -> bool:
    return consent.given_ms <= now_ms < consent.ends_ms
