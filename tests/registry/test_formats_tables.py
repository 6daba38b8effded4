"""Tables as people have them: no first row, second number, wide row or quotation mark drops a number in silence."""

import io

import pytest

from dncd.registry.failures import LayoutAmbiguous, MostlyRejects
from dncd.registry.formats import Options, Shape
from dncd.registry.lines import Source
from dncd.registry.prefixes import PrefixSet
from dncd.registry.rejects import COLUMNS_TOO_MANY, NOT_A_NUMBER, judge
from registry_reading import LIST_DATE, read_bytes


def of(region: str, **said: object) -> Options:
    return Options(region=region, list_date=LIST_DATE, **said)  # type: ignore[arg-type]  # fields by name


# The first row


@pytest.mark.parametrize(
    ("region", "rows", "phones"),
    [
        ("FR", b"06 12 34 56 78\n06 12 34 56 80\n", [33612345678, 33612345680]),
        ("FR", b"+33 6 12 34 56 78\n+33 6 12 34 56 80\n", [33612345678, 33612345680]),
        ("FR", b"Ann;06 12 34 56 78\nBob;06 12 34 56 80\n", [33612345678, 33612345680]),
        ("DK", b"32 12 34 56\n32 12 34 57\n", [4532123456, 4532123457]),
        ("AD", b"73 12 34\ntel:73 12 35\n", [376731234, 376731235]),
        ("AD", b"tel:73 12 34\n73 12 35\n", [376731234, 376731235]),
        ("DK", b"whatsapp:32 12 34 56\n32 12 34 57\n", [4532123456, 4532123457]),
    ],
)
def test_a_number_written_in_pairs_is_no_heading(region: str, rows: bytes, phones: list[int]) -> None:
    assert read_bytes("csv", rows, of(region)).phones == phones


def test_a_number_written_in_pairs_is_no_heading_of_a_wash() -> None:
    flags = Options(list_date=LIST_DATE, registered_flags=frozenset("Y"), clean_flags=frozenset("N"))

    alone = read_bytes("acma", b"04 12 34 56 78\n0412345679\n", Options(list_date=LIST_DATE, shape=Shape.REGISTERED))
    flagged = read_bytes("acma", b"04 12 34 56 78,Y\n0412345679,N\n", flags)

    assert alone.phones == flagged.phones == [61412345678, 61412345679]


@pytest.mark.parametrize("heading", [b"Phone 2", b"phone1", b"No.", b"Q1 tel", b"1", b""])
def test_a_heading_may_have_some_digits(heading: bytes) -> None:
    outcome = read_bytes("csv", heading + b",name\n8185550123,Ann\n", of("US", column=1))

    assert (outcome.phones, outcome.rejects) == ([18185550123], [])


def test_a_first_row_is_a_heading_or_none_where_the_operator_says_so() -> None:
    told = read_bytes("csv", b"Calls 2026,list\n8185550123,Ann\n", of("US", column=1, heading=True))
    none = read_bytes("csv", b"phone\n8185550123\n", of("US", heading=False))

    assert (told.phones, told.rejects) == ([18185550123], [])
    assert (none.phones, none.reasons) == ([18185550123], [(1, NOT_A_NUMBER)])


# A second number


@pytest.mark.parametrize(
    "heading", [b"Phone,Alt Phone", b"Mobile,Landline", b"Phone,Fax", b"Name,Phone,Notes", b"Phone,Best time,Other"]
)
def test_a_second_column_with_numbers_refuses_the_file_unless_one_is_named(heading: bytes) -> None:
    width = heading.count(b",") + 1
    row = [b"Ann"] * width
    row[0 if heading.startswith((b"Phone", b"Mobile")) else 1] = b"8185550123"
    bare, row[-1] = list(row), b"818-555-0124"
    content = b"\n".join([heading, *[b",".join(bare)] * 50, b",".join(row)])

    with pytest.raises(LayoutAmbiguous, match="--column") as refused:
        read_bytes("csv", content, of("US"))

    assert refused.value.line == 52
    assert set(read_bytes("csv", content, of("US", column=width)).phones) == {18185550124}


def test_a_second_number_in_a_later_row_refuses_a_file_without_heading() -> None:
    content = b"Ann,8185550122,\nBob,8185550123,\nCid,8185550124,8185550125\n"

    with pytest.raises(LayoutAmbiguous, match="column 3"):
        read_bytes("csv", content, of("US"))


def test_several_numbers_in_another_cell_are_a_second_number_too() -> None:
    with pytest.raises(LayoutAmbiguous, match="column 2"):
        read_bytes("csv", b"Phone,Others\n8185550123,8185550124 / 8185550125\n", of("US"))


def test_what_is_no_number_of_the_registry_in_another_column_is_of_no_harm() -> None:
    content = b"Phone;Datum;PLZ;Zeit\n030 123456;2026-07-01;10115;01.07.2026 12:30\n"

    assert read_bytes("csv", content, of("DE")).phones == [4930123456]
    foreign = b"Phone,Office\n8185550123,+44 20 7946 0958\n"
    assert read_bytes("csv", foreign, of("US", scope=PrefixSet(["1"]))).phones == [18185550123]


def test_a_second_number_of_a_wash_result_refuses_it() -> None:
    flags = Options(list_date=LIST_DATE, registered_flags=frozenset("Y"), clean_flags=frozenset("N"))

    with pytest.raises(LayoutAmbiguous, match="column 3"):
        read_bytes("acma", b"Phone,Flag,Second\n0292345678,N,0412345679\n", flags)


def test_a_second_number_of_a_preference_list_refuses_it() -> None:
    content = b"phone,preferences,alternate\n9876543210,0,9876543211\n"

    with pytest.raises(LayoutAmbiguous, match="column 3"):
        read_bytes("ncpr", content)


# Rows and quotation marks


def test_a_row_with_more_columns_than_the_first_is_rejected() -> None:
    content = b"name,phone\nSmith, Ann,8185550123\nBob,8185550124\nCid,8185550125, ,\n"

    outcome = read_bytes("csv", content, of("US"))

    assert outcome.phones == [18185550124, 18185550125]
    assert outcome.reasons == [(2, COLUMNS_TOO_MANY)]


def test_a_file_of_wider_rows_is_refused() -> None:
    reading = read_bytes("csv", b"phone\n8185550123,8185550124\n", of("US")).reading

    with pytest.raises(MostlyRejects):
        judge(reading)


@pytest.mark.parametrize(
    "content",
    [
        b'name,phone\n"Ann,8185550123\nCid,8185550124\nBob",8185550125\n',
        b'phone,size\n8185550123,"\n8185550124,"\n8185550125,x\n',
        b'phone\n"8185550123\n8185550124"\n8185550125\n',
        b'name,phone\n"06 12 34 56 78\nBob",0612345679\n',
    ],
)
@pytest.mark.parametrize("column", [None, "1", "phone"])
def test_quotation_marks_that_swallow_a_number_refuse_the_file(content: bytes, column: str | None) -> None:
    with pytest.raises(LayoutAmbiguous, match="quotation mark") as refused:
        read_bytes("csv", content, of("US", column=column))

    assert refused.value.line == 2


# A result of a wash that is said to be numbers alone


@pytest.mark.parametrize("shape", [Shape.CLEAN, Shape.REGISTERED])
@pytest.mark.parametrize("content", [b"Phone,Status\n0412345678,Y\n0412345679,N\n", b"0412345678,1\n0412345679,1\n"])
def test_a_column_that_could_be_flags_refuses_numbers_that_should_be_alone(shape: Shape, content: bytes) -> None:
    washed = Source(io.BytesIO(b"0412345678\n0412345679\n"), "washed.csv") if shape is Shape.CLEAN else None

    with pytest.raises(LayoutAmbiguous, match="could be flags"):
        read_bytes("acma", content, Options(list_date=LIST_DATE, shape=shape, washed_input=washed, column=1))


def test_a_column_of_many_different_values_is_no_flag() -> None:
    rows = b"".join(b"04123456%02d,Customer %d,\n" % (place, place) for place in range(20))

    outcome = read_bytes("acma", rows, Options(list_date=LIST_DATE, shape=Shape.REGISTERED))

    assert len(outcome.phones) == 20
