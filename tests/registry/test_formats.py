"""Each format from small files, good and damaged."""

import io
from datetime import date

import pytest

from dncd.registry.chunks import EVERY_CATEGORY, WASHED_CLEAN
from dncd.registry.failures import FormatUnsuited, LayoutAmbiguous, ListDateMissing, MostlyRejects
from dncd.registry.formats import FORMATS, Options, Shape
from dncd.registry.formats.ftc import dates_of
from dncd.registry.lines import Source
from dncd.registry.rejects import (
    BROKEN_ROW,
    COLUMN_MISSING,
    NO_CATEGORIES,
    NO_CHANGE,
    NO_FLAG,
    NOT_A_NUMBER,
    NOT_POSSIBLE,
    ROUNDED,
    UNKNOWN_TEXT,
    WRONG_AREA,
)
from registry_reading import DATED, LIST_DATE, read_bytes, zipped

NAME = "2026-7-1_818_A1B2.txt"
IN_GB = Options(region="GB", list_date=LIST_DATE)
IN_US = Options(region="US", list_date=LIST_DATE)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FormatUnsuited, match="ftc, ftc-change, tps"):
        read_bytes("vcard", b"")


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_every_format_needs_a_list_date(format_name: str) -> None:
    with pytest.raises(ListDateMissing):
        read_bytes(format_name, b"8185550123\n", Options())


@pytest.mark.parametrize("format_name", ["ftc", "ftc-change", "tps", "ncpr", "acma"])
def test_a_format_of_one_country_is_not_read_for_another(format_name: str) -> None:
    with pytest.raises(FormatUnsuited, match="calling code"):
        read_bytes(format_name, b"", Options(calling_code=7, list_date=LIST_DATE))


# ftc


@pytest.mark.parametrize("line", ["818,5550123", "8185550123", "18185550123", " 818,5550123\t", "818, 5550123"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_ftc_lines_are_read_in_every_accepted_form(line: str, end: str) -> None:
    assert read_bytes("ftc", (line + end).encode(), name=NAME).phones == [18185550123]


def test_ftc_name_gives_list_date_and_coverage() -> None:
    outcome = read_bytes("ftc", b"818,5550123\n", Options(), NAME)

    assert outcome.reading.list_date == date(2026, 7, 1)
    assert outcome.reading.coverage == {"1818"}
    assert outcome.reading.files == [NAME]


def test_ftc_zip_of_many_area_codes_takes_the_oldest_date() -> None:
    names = ("2026-7-1_818_A.txt", "2026-06-30_954_A.txt")
    content = zipped((names[0], b"818,5550123\r\n"), (f"us/{names[1]}", b"954,5550123\r\n"))

    outcome = read_bytes("ftc", content, Options(), "us.zip")

    assert outcome.phones == [18185550123, 19545550123]
    assert outcome.reading.list_date == date(2026, 6, 30)
    assert outcome.reading.coverage == {"1818", "1954"}
    assert outcome.reading.files == list(names)
    assert len(dates_of(outcome.reading.files)) == 2


def test_ftc_area_code_without_numbers_is_covered_all_the_same() -> None:
    outcome = read_bytes("ftc", zipped((NAME, b"818,5550123\n"), ("2026-7-1_954_A.txt", b"")), Options(), "us.zip")

    assert outcome.reading.coverage == {"1818", "1954"}


def test_ftc_area_code_of_which_nothing_was_read_is_never_covered() -> None:
    content = zipped((NAME, b"818,5550123\n" * 100), ("2026-7-1_954_A.txt", b"954-555-0123\n"))

    with pytest.raises(MostlyRejects, match="2026-7-1_954_A"):
        read_bytes("ftc", content, Options(), "us.zip")


def test_ftc_operator_date_overrides_the_name() -> None:
    outcome = read_bytes("ftc", b"818,5550123\n", Options(list_date=date(2026, 6, 1)), NAME)

    assert outcome.reading.list_date == date(2026, 6, 1)


def test_ftc_name_with_an_impossible_date_is_refused() -> None:
    with pytest.raises(FormatUnsuited, match="calendar"):
        read_bytes("ftc", b"818,5550123\n", DATED, "2026-13-1_818_A.txt")


def test_ftc_file_without_a_telling_name_covers_the_area_codes_it_holds() -> None:
    assert read_bytes("ftc", b"818,5550123\n954,5550123\n").reading.coverage == {"1818", "1954"}


def test_ftc_operator_says_what_a_file_without_a_telling_name_covers() -> None:
    options = Options(list_date=LIST_DATE, coverage=frozenset({"1818"}))

    assert read_bytes("ftc", b"818,5550123\n954,5550123\n", options).reading.coverage == {"1818"}


def test_ftc_number_of_another_area_code_is_rejected() -> None:
    outcome = read_bytes("ftc", b"818,5550123\n954,5550123\n818,5550124\n", name=NAME)

    assert outcome.phones == [18185550123, 18185550124]
    assert outcome.reasons == [(2, WRONG_AREA)]


def test_ftc_damaged_lines_are_rejected_by_number_and_reason_and_masked() -> None:
    content = b"818,5550123\n\n818,555012\n4.15555E+09\n118,5550123\n818,5550123 x\n\n818,5550199\n"
    content += 2 * b"818,5550124\n"

    outcome = read_bytes("ftc", content, name=NAME)

    assert outcome.phones == [18185550123, 18185550199, 18185550124, 18185550124]
    assert outcome.reasons == [(3, NOT_A_NUMBER), (4, ROUNDED), (5, NOT_POSSIBLE), (6, NOT_A_NUMBER)]
    assert [reject.masked for reject in outcome.rejects] == [
        "818,******",
        "4.15****+**",
        "118,*******",
        "818,******* *",
    ]
    assert (outcome.reading.lines, outcome.reading.rejects) == (8, 4)


# ftc-change


@pytest.mark.parametrize(
    "line",
    [
        "818,5550123,A",
        "818\t5550123\t2026-07-01\tA",
        "818 5550123 07/01/2026 a",
        "8185550123,20260701,A",
        "18185550123 2026-07-01 12:30:00 Add",
        "A,818,5550123",
        "818, 5550123, A,",
    ],
)
def test_change_lines_are_read_in_every_accepted_form(line: str) -> None:
    outcome = read_bytes("ftc-change", line.encode())

    assert (outcome.phones, outcome.removed) == ([18185550123], [False])


def test_changes_keep_their_order() -> None:
    outcome = read_bytes("ftc-change", b"818,5550123,D\n818,5550123,A\n818,5550124,delete\n")

    assert outcome.phones == [18185550123, 18185550123, 18185550124]
    assert outcome.removed == [True, False, True]


@pytest.mark.parametrize("line", ["818,5550123,A,D", "8185550123 9545550123 A", "818,5550123,954,5550123,D"])
def test_change_line_with_two_ways_to_read_it_refuses_the_file(line: str) -> None:
    with pytest.raises(LayoutAmbiguous) as refused:
        read_bytes("ftc-change", f"818,5550123,A\n{line}\n".encode())

    assert refused.value.line == 2


def test_change_lines_that_are_none_are_rejected() -> None:
    content = b"818,5550123\n818,5550123,X,A\nA\n8.18555E+09,A\n118,5550123,A\n818,5550123,818,A\n"

    assert read_bytes("ftc-change", content).reasons == [
        (1, NO_CHANGE),
        (2, UNKNOWN_TEXT),
        (3, NOT_A_NUMBER),
        (4, ROUNDED),
        (5, NOT_POSSIBLE),
        (6, UNKNOWN_TEXT),
    ]


# tps


@pytest.mark.parametrize(
    ("line", "phone"),
    [
        ("0207 3787244", 442073787244),
        ("01635 506160", 441635506160),
        ("0191 5657153", 441915657153),
        ("07860 338653", 447860338653),
        ("02073787244 ", 442073787244),
        ("02073787244", 442073787244),
        ("+44 20 7378 7244", 442073787244),
        ("016977 2345", 44169772345),
    ],
)
def test_tps_lines_are_read_in_both_layouts(line: str, phone: int) -> None:
    assert read_bytes("tps", f"{line}\r\n".encode()).phones == [phone]


def test_tps_damaged_lines_are_rejected() -> None:
    content = b"0207 3787244\r\n2073787244\r\n0207 378724x\r\n2.07379E+09\r\n0997 3787244 1\r\n"

    outcome = read_bytes("tps", content)

    assert outcome.phones == [442073787244]
    assert outcome.reasons == [(2, NOT_A_NUMBER), (3, NOT_A_NUMBER), (4, ROUNDED), (5, NOT_A_NUMBER)]


# ncpr


def test_ncpr_rows_carry_categories_and_removals() -> None:
    content = b"01,9876543210,0,A,1\n02,9876543211,135,A,1\n02,919876543212,,D,1\n"

    outcome = read_bytes("ncpr", content)

    assert outcome.phones == [919876543210, 919876543211, 919876543212]
    assert outcome.categories == [1, 0b101010, 0]
    assert outcome.removed == [False, False, True]


def test_ncpr_heading_names_the_columns() -> None:
    content = b'Preferences;Phone_Number\n"1,2";09876543210\nall;9876543211\n'

    outcome = read_bytes("ncpr", content)

    assert outcome.phones == [919876543210, 919876543211]
    assert outcome.categories == [0b110, 1]
    assert outcome.reading.lines == 2


def test_ncpr_heading_without_the_number_is_refused() -> None:
    with pytest.raises(LayoutAmbiguous, match="heading"):
        read_bytes("ncpr", b"a,preferences\n1,2\n")


def test_ncpr_unknown_operation_keeps_the_number_on_the_register() -> None:
    assert read_bytes("ncpr", b"01,9876543210,0,Z,1\n").removed == [False]


def test_ncpr_damaged_rows_are_rejected() -> None:
    content = (
        b"01,9876543210,0,A,1\n01,98765,0,A,1\n01,9876543210,9,A,1\n"
        b"01,9876543210\n01,9.87654E+09,0,A,1\n01,9876543210,0,7,1\n01,,0,A,1\n"
    )

    outcome = read_bytes("ncpr", content)

    assert sorted(outcome.reasons) == [
        (2, NOT_A_NUMBER),
        (3, NO_CATEGORIES),
        (4, COLUMN_MISSING),
        (5, ROUNDED),
        (6, UNKNOWN_TEXT),
        (7, NOT_A_NUMBER),
    ]


# acma

REGISTERED = Options(list_date=LIST_DATE, shape=Shape.REGISTERED)
FLAGS = Options(list_date=LIST_DATE, registered_flags=frozenset({"Y"}), clean_flags=frozenset({"N"}))


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("0412345678", 61412345678),
        ("61412345678", 61412345678),
        ("1300123456", 611300123456),
        ("0299999999", 61299999999),
    ],
)
def test_acma_numbers_are_read_in_every_accepted_form(text: str, phone: int) -> None:
    assert read_bytes("acma", text.encode(), REGISTERED).phones == [phone]


def test_acma_flags_say_which_are_registered() -> None:
    outcome = read_bytes("acma", b"Number,Flag\n0412345678,y\n0412345679,N\n0412345670,\n", FLAGS)

    assert list(zip(outcome.phones, outcome.categories, strict=True)) == [
        (61412345678, 1 << EVERY_CATEGORY),
        (61412345679, 1 << WASHED_CLEAN),
    ]
    assert outcome.reasons == [(4, NO_FLAG)]
    assert outcome.reading.lines == 3


def test_acma_plain_words_need_no_telling() -> None:
    outcome = read_bytes("acma", b"0412345678,Registered\n0412345679,Not registered\n")

    assert list(outcome.categories) == [1 << EVERY_CATEGORY, 1 << WASHED_CLEAN]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"0412345678,Y\n0412345679,N\n", DATED),
        (b"0412345678,Y\n0412345679,N\n0412345670,E\n", Options(list_date=LIST_DATE, registered_flags=frozenset("Y"))),
        (b"0412345679,N\n", Options(list_date=LIST_DATE, registered_flags=frozenset("Y"))),
        (b"0412345679,X\n", FLAGS),
        (b"0412345679\n", DATED),
        (b"0412345679\n", Options(list_date=LIST_DATE, shape=Shape.CLEAN)),
        (b"0412345679,1,2\n", FLAGS),
    ],
)
def test_acma_result_that_can_mean_two_things_is_refused(content: bytes, options: Options) -> None:
    with pytest.raises(LayoutAmbiguous):
        read_bytes("acma", content, options)


def test_acma_clean_numbers_and_what_was_washed_give_the_registered() -> None:
    washed = Source(io.BytesIO(b"name,phone\nAnn,0412345678\nBob,0412345679\n"), "washed.csv")
    options = Options(list_date=LIST_DATE, shape=Shape.CLEAN, washed_input=washed)

    outcome = read_bytes("acma", b"0412345679\n", options)

    assert outcome.phones == [61412345678, 61412345679]
    assert list(outcome.categories) == [1 << EVERY_CATEGORY, 1 << WASHED_CLEAN]


# csv


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_with_any_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    text = f"Name{delimiter}Phone number\r\nRené{delimiter}(818) 555-0123\r\nAnn{delimiter}+44 20 7946 0958\r\n"

    assert read_bytes("csv", text.encode(encoding), IN_US).phones == [18185550123, 442079460958]


def test_csv_column_is_named_or_counted() -> None:
    content = b"Home phone,Work phone\n8185550123,8185550124\n"

    for column in ("work_phone", 2, "2"):
        options = Options(region="US", list_date=LIST_DATE, column=column)
        assert read_bytes("csv", content, options).phones == [18185550124]


@pytest.mark.parametrize(
    "content",
    [
        b"Home phone,Work phone\n8185550123,8185550124\n",
        b"8185550123,8185550124\n",
        b"Name,Id\nAnn,7\n",
        b"Name;Phone,Fax\n1;2,3\n",
    ],
)
def test_csv_with_no_sure_column_or_delimiter_is_refused(content: bytes) -> None:
    with pytest.raises(LayoutAmbiguous):
        read_bytes("csv", content, IN_US)


def test_csv_column_that_the_heading_does_not_have_is_refused() -> None:
    with pytest.raises(FormatUnsuited, match="heading"):
        read_bytes("csv", b"Name,Phone\nAnn,8185550123\n", Options(region="US", list_date=LIST_DATE, column="Fax"))


def test_csv_without_heading_loses_no_row() -> None:
    assert read_bytes("csv", b"Ann,8185550123\nBob,8185550124\n", IN_US).phones == [18185550123, 18185550124]


def test_csv_first_row_that_is_ruined_is_a_reject_and_no_heading() -> None:
    outcome = read_bytes("csv", b"8.18555E+09\n8185550124\n", IN_US)

    assert outcome.phones == [18185550124]
    assert outcome.reasons == [(1, ROUNDED)]


def test_csv_of_reported_calls_needs_no_telling() -> None:
    content = (
        b"Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,"
        b'Recorded_Message_Or_Robocall\n8185550123,2026-07-01,2026-06-30,"Tampa, Bay",Florida,813,"Other",Y\n'
    )

    assert read_bytes("csv", content, IN_US).phones == [18185550123]


def test_csv_row_over_several_lines_is_one_row_at_its_first_line() -> None:
    content = b'Phone,Note\n8185550123,"two\nlines"\nx,\n8185550124,\n'

    outcome = read_bytes("csv", content, IN_US)

    assert outcome.phones == [18185550123, 18185550124]
    assert outcome.reasons == [(4, NOT_A_NUMBER)]


def test_csv_row_with_broken_quotes_is_rejected() -> None:
    outcome = read_bytes("csv", b'Phone,Note\n8185550123,"a"b\n8185550124,c\n', IN_US)

    assert outcome.phones == [18185550124]
    assert outcome.reasons == [(2, BROKEN_ROW)]


def test_csv_quote_that_never_closes_refuses_the_file() -> None:
    with pytest.raises(LayoutAmbiguous) as refused:
        read_bytes("csv", b'Phone,Note\n8185550123,"a\n8185550124,c\n', IN_US)

    assert refused.value.line == 2


def test_csv_categories_are_kept_where_a_column_is_named() -> None:
    options = Options(region="IN", list_date=LIST_DATE, categories_column="cat")
    outcome = read_bytes("csv", b"phone,cat\n+919876543210,1 3\n+919876543211,x\n", options)

    assert outcome.categories == [0b1010]
    assert outcome.reasons == [(3, NO_CATEGORIES)]


# numbers


@pytest.mark.parametrize(
    "text", ["(818) 555-0123", "818.555.0123", "+1 818 555 0123", "1-818-555-0123 x22", "8185550123", "+18185550123"]
)
def test_numbers_are_read_as_people_write_them(text: str) -> None:
    assert read_bytes("numbers", text.encode(), IN_US).phones == [18185550123]


def test_numbers_take_the_region_of_the_calling_code() -> None:
    options = Options(calling_code=44, list_date=LIST_DATE)

    assert read_bytes("numbers", b"020 7946 0958\n02079460958\n", options).phones == [442079460958] * 2


def test_numbers_of_an_unknown_region_are_refused() -> None:
    with pytest.raises(FormatUnsuited, match="ISO"):
        read_bytes("numbers", b"", Options(region="UK", list_date=LIST_DATE))


def test_numbers_that_are_none_are_rejected() -> None:
    outcome = read_bytes("numbers", b"4.15555E+09\nann@example.com\n911\n\n8185550123\n1185550123\n", IN_US)

    assert outcome.phones == [18185550123]
    assert outcome.reasons == [(1, ROUNDED), (2, "an e-mail address"), (3, "a short code"), (6, NOT_POSSIBLE)]
