"""What persons write, on the server and in the model: messages, those that come again, and what is decided of them."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from dncd.nouns import Role
from model import words
from model.changed import RETRY_MS, Changed, Sent
from model.drawing import accounts, numbers
from model.facts import MEANINGS, REVIEW, SMS, WHATSAPP
from serving import in_ms, new_id, pb


class Writing(Changed):
    """The rules of messages."""

    def __init__(self) -> None:
        super().__init__()
        # All that there ever were, with their account and address: the server knows them, decided or used up, too.
        self.reviews: dict[int, tuple[str, str]] = {}
        self.made: dict[int, tuple[str, str]] = {}
        # The newest message of each id, by account, number and id.
        self.messages: dict[tuple[str, str, str], Sent] = {}

    @rule(
        account=accounts,
        number=numbers,
        channel=st.sampled_from([0, SMS, WHATSAPP]),
        text=st.sampled_from(["STOP", "STOP", "START", "START", "YES", "maybe stop", *MEANINGS]),
        dry=st.sampled_from([False, False, False, True]),
        named=st.booleans(),
    )
    def write(self, account: str, number: str, channel: int, text: str, dry: bool, named: bool) -> None:
        request = pb.RecordInboundMessageRequest(address=number, channel=channel, text=text, validate_only=dry)
        request.message_id = new_id() if named else ""
        self.record_message(account, request)

    def record_message(self, account: str, request: Any, *, reused: bool = False) -> None:
        number, channel, dry = request.address, request.channel or SMS, request.validate_only
        now_ms, position = self.now_ms, self.head + 1
        answer, expected = self.change(
            account,
            "RecordInboundMessage",
            request,
            lambda model: words.write(model, number, channel, request.text, now_ms, position, reused=reused),
            Role.AGENT,
        )
        if not answer:
            return
        if request.message_id and not dry:
            self.messages[account, number, request.message_id] = self.sent[-1]
        meaning, status, until_ms = expected
        name = "" if dry else str(position)
        assert (answer.message_class, answer.status) == (meaning, status)
        assert answer.confirmation == (name if until_ms else "")
        assert answer.review == (name if meaning == REVIEW else "")
        assert in_ms(answer.confirmation_until) == (until_ms or 0)
        if not dry and meaning == REVIEW:
            self.reviews[position] = account, number
        if answer.confirmation:
            self.made[position] = account, number

    @precondition(lambda self: self.messages)
    @rule(
        choice=st.integers(0, 99),
        text=st.sampled_from(["", "", "STOP", "START", "YES", "maybe stop", "thanks"]),
        channel=st.sampled_from([0, SMS, WHATSAPP]),
    )
    def write_under_a_known_id(self, choice: int, text: str, channel: int) -> None:
        """Deliver a message again, or another one under its id: only what may be an opt-out is recorded then."""
        name = list(self.messages)[-1 - choice % min(3, len(self.messages))]
        known = self.messages[name]
        if self.now_ms - known.at_ms >= RETRY_MS:
            return
        account, number, message_id = name
        request = pb.RecordInboundMessageRequest(address=number, text=text or known.request.text, message_id=message_id)
        request.channel = channel if text else known.request.channel
        if (request.text, request.channel or SMS) == (known.request.text, known.request.channel or SMS):
            request.request_id = new_id() if choice % 2 else ""
            assert self.api(account, Role.AGENT).call("RecordInboundMessage", request) == known.answer
            return
        # Whoever sends the older message again, without a request id, is told of the newer one from now on.
        self.sent = [each for each in self.sent if each.answer is not known.answer or each.request.request_id]
        self.record_message(account, request, reused=True)

    @precondition(lambda self: self.reviews)
    @rule(account=accounts, choice=st.integers(0, 99), opt_out=st.booleans(), manager=st.booleans())
    def decide(self, account: str, choice: int, opt_out: bool, manager: bool) -> None:
        name = list(self.reviews)[choice % len(self.reviews)]
        owner, _ = self.reviews[name]
        # Mostly by those whose it is.
        account = account if choice % 4 == 0 else owner
        mine = {each: number for each, (whose, number) in self.reviews.items() if whose == account}
        request = pb.DecideReviewRequest(review=str(name), decision=1 if opt_out else 2)
        now_ms, position = self.now_ms, self.head + 1
        answer, changed = self.change(
            account,
            "DecideReview",
            request,
            lambda model: words.decide(
                model, mine, name, opt_out=opt_out, manager=manager, now_ms=now_ms, position=position
            ),
            Role.ADMIN if manager else Role.AGENT,
        )
        if answer:
            assert answer.changed == changed

    @rule(account=accounts)
    def list_reviews(self, account: str) -> None:
        listed = self.api(account).call("ListReviews", pb.ListReviewsRequest(page_size=1000)).reviews
        assert [(int(each.review), each.address, each.channel, in_ms(each.recorded_at)) for each in listed] == [
            (name, each.address, each.channel, each.recorded_ms)
            for name, each in sorted(self.models[account].reviews.items())
        ]
