"""A check whose rows are addresses alone is read on a short way: it must not lose what any other row says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dncd.nouns import Channel
from dncd.transport.rows import check_rows, request_rows
from serving import pb

TEXTS = st.sampled_from(["", "+14155550123", "(415) 555-0123", "４15 555 0124", "1" * 125, "1" * 126, "2" * 200, "x"])
ROWS = st.builds(
    pb.CheckRow,
    address=TEXTS,
    region=st.sampled_from(["", "", "US"]),
    reference=st.sampled_from(["", "", "r"]),
    time_zone=st.sampled_from(["", "", "America/Chicago"]),
    postal_code=st.sampled_from(["", "", "10001"]),
    contact_id=st.sampled_from(["", "", "c"]),
    debt_id=st.sampled_from(["", "", "d"]),
)


@given(
    rows=st.lists(ROWS | TEXTS.map(lambda text: pb.CheckRow(address=text)), min_size=1, max_size=5),
    policy=st.sampled_from(["", "p"]),
    fresh=st.booleans(),
)
def test_the_short_way_reads_what_the_long_way_reads(rows: list[Any], policy: str, fresh: bool) -> None:
    request = pb.CheckRequest(policy=policy, channel=Channel.VOICE, rows=rows)
    if fresh:
        request.at_least_as_fresh.position = 2**40
    request = pb.CheckRequest.FromString(request.SerializeToString())

    batch, references = request_rows(request, "US")

    expected, expected_references = check_rows(request.rows, Channel.VOICE, "US")
    assert batch.phones is not None
    assert expected.phones is not None
    assert batch.phones.tolist() == expected.phones.tolist()
    assert batch.faults.tolist() == expected.faults.tolist()
    assert list(references) == list(expected_references)
    for name in ("time_zones", "postal_codes", "contact_ids", "debt_ids"):
        assert list(getattr(batch, name)) == list(getattr(expected, name))
