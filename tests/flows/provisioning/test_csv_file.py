"""Is a CSV file read as it was meant, line by line, whoever wrote it and whatever is wrong with it?"""

import csv
import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.errors import InvalidInputError
from afterword.flows.provisioning.csv_file import DELIMITERS, ROW_CHARS_MAX, UNREADABLE, Row, open_csv

TOO_LONG = f"is longer than {ROW_CHARS_MAX:,} characters: is a quote not closed?"


def read(data: bytes) -> tuple[str, str, list[str], list[Row]]:
    with open_csv(io.BytesIO(data)) as file:
        return file.encoding, file.delimiter, file.header, list(file.rows())


def rows(text: str) -> list[tuple[int, list[str], str | None]]:
    return [(row.line, row.cells, row.problem) for row in read(text.encode())[3]]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("a\nZoë\n".encode(), "UTF-8"),
        ("a\nZoë\n".encode("utf-8-sig"), "UTF-8"),
        (b"a\nZo\n", "UTF-8"),
        ("a\nZoë\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "a\nZoë\n".encode("utf-16-be"), "UTF-16"),
        ("a\nZoë\n".encode("cp1252"), "CP1252"),
        ("a\nZo€ “x”\n".encode("cp1252"), "CP1252"),
        (b"a\n" + b"x\n" * 1_000_000 + "Zoë\n".encode("cp1252"), "CP1252"),
        (b"a\nZo" + "ë".encode()[:1], "CP1252"),
    ],
)
def test_the_encoding_is_found(data: bytes, encoding: str) -> None:
    found, _, header, found_rows = read(data)
    assert (found, header) == (encoding, ["a"])
    if data.endswith(b"\n") and b"Zo\n" not in data and "€".encode("cp1252") not in data:
        assert found_rows[-1].cells == ["Zoë"]


def test_what_is_not_in_the_files_encoding_is_marked_and_the_rest_is_read() -> None:
    mixed = "a,b\nZoë,1\n".encode() + "Zoë,2\n".encode("cp1252") + "Zoë,3\n".encode()
    encoding, _, _, found = read(mixed)
    assert encoding == "UTF-8"
    assert [row.cells for row in found] == [["Zoë", "1"], [f"Zo{UNREADABLE}", "2"], ["Zoë", "3"]]
    assert [row.cells for row in read(b"a\nZo\xeb\n\x81\n")[3]] == [["Zoë"], [UNREADABLE]]


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("a,b;c,d", "commas"),
        ("a;b,c;d", "semicolons"),
        ("a\tb\tc,d", "tabs"),
        ('a;"b,c,d,e"', "semicolons"),
        ("a", "commas"),
        ("sep=;\na,b,c", "semicolons"),
        ('"SEP=,"\r\na;b;c', "commas"),
    ],
)
def test_the_delimiter_is_what_the_first_line_has_most_of(header: str, delimiter: str) -> None:
    assert read(header.encode())[1] == delimiter


def test_a_row_is_named_by_the_line_on_which_it_begins() -> None:
    text = 'a,b\n1,"x\r\ny\nz"\n\n,\n2,b\r3,"c""d"\r\n'
    assert rows(text) == [
        (2, ["1", "x\r\ny\nz"], None),
        (7, ["2", "b"], None),
        (8, ["3", 'c"d'], None),
    ]


def test_a_line_that_names_the_delimiter_counts() -> None:
    assert rows("sep=;\na;b\n1;2\n") == [(3, ["1", "2"], None)]


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("x" * 10_000_000, id="a cell of 10 MB"),
        pytest.param('"' + "x" * 10_000_000 + '"', id="in quotes"),
        pytest.param('"' + "x,y\n" * 100_000 + '"', id="of many lines"),
        pytest.param('"' + 'x ""y""\n' * 100_000 + '"', id="with quotes in it"),
        pytest.param(",".join("x" * 70_000), id="of many cells"),
    ],
)
def test_a_row_that_is_too_long_is_left_out_and_the_others_are_read(cell: str) -> None:
    after = 3 + cell.count("\n")
    assert rows(f"a,b\n{cell},1\nx,2\n") == [(2, [], TOO_LONG), (after, ["x", "2"], None)]


def test_a_quote_that_is_never_closed_is_named_by_its_line() -> None:
    assert rows('a,b\nx,1\n"y,2\nz,3\n')[-1] == (3, [], "has a quote that is opened and not closed")
    assert rows('a,b\n"y,2\n' + "z,3\n" * 50_000) == [
        (2, [], TOO_LONG.replace(":", ", and nothing after it was read:"))
    ]
    # One in the middle of a cell is only a letter.
    assert rows('a,b\n5" x,1\ny,2\n')[0] == (2, ['5" x', "1"], None)


def test_a_text_behind_a_closing_quote_is_refused_with_its_line() -> None:
    found = rows('a,b\n"x@example.com"y,1\n"z",2\n')
    assert found[0] == (
        2,
        [],
        "has a text behind a closing quote: a quote within quotes is written twice",
    )
    assert found[1] == (3, ["z", "2"], None)


def test_blank_lines_on_top_count_and_are_no_header() -> None:
    assert rows("\n \r\na;b\n1;2\n") == [(4, ["1", "2"], None)]


def test_one_nul_is_a_mistake_of_its_cell() -> None:
    assert rows("a,b\nx\0,1\ny,2\n") == [(2, ["x\0", "1"], None), (3, ["y", "2"], None)]


def test_the_longest_row_is_read() -> None:
    cell = "x" * (ROW_CHARS_MAX - 3)
    assert rows(f"a,b\n{cell},12\n")[0] == (2, [], TOO_LONG)
    assert rows(f"a,b\n{cell},1\n")[0] == (2, [cell, "1"], None)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x03\x04\x14\x00", "an Excel workbook or another ZIP file"),
        (b"\xd0\xcf\x11\xe0\xa1", "an old Excel workbook"),
        (b"\x1f\x8b\x08", "a gzip file"),
        (b"%PDF-1.7", "a PDF"),
        ("a".encode("utf-32"), "a text in UTF-32"),
        (b"\x7fELF\x00\x01", "not a text"),
        ("a,b".encode("utf-16-le"), "not a text"),
    ],
)
def test_what_is_no_csv_is_named(data: bytes, what: str) -> None:
    with pytest.raises(InvalidInputError, match=f"standard input is {what}: save it as CSV in UTF-8"):
        read(data)


def test_a_header_that_is_too_long_is_named(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a" * 1_000_000)
    message = r"long\.csv:1: the line that names the columns is longer"
    with pytest.raises(InvalidInputError, match=message), open_csv(path):
        pass


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.csv"
    with pytest.raises(InvalidInputError, match=r"can't read .*nowhere\.csv: No such file"), open_csv(path):
        pass


def test_a_pipe_is_read_whole_and_its_encoding_found() -> None:
    reading, writing = os.pipe()
    data = b"a\n" + b"x\n" * 100_000 + "Zoë\n".encode("cp1252")

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe, open_csv(pipe) as file:
        assert (file.encoding, list(file.rows())[-1].cells) == ("CP1252", ["Zoë"])
    thread.join()


def test_standard_input_stays_open() -> None:
    source = io.BytesIO(b"a\n1\n")
    with open_csv(source) as file:
        list(file.rows())
    assert not source.closed


CELLS = st.text(st.characters(codec="utf-8", exclude_characters=f"\0{UNREADABLE}"), max_size=8)


@given(
    table=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5),
    delimiter=st.sampled_from(sorted(DELIMITERS)),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read(
    table: list[list[str]], delimiter: str, codec: str, end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *table])
    encoding, found, _, read_rows = read(text.getvalue().encode(codec))
    assert (encoding, found) == ("UTF-16" if codec == "utf-16" else "UTF-8", DELIMITERS[delimiter])
    expected = [cells for cells in table if any(cell and not cell.isspace() for cell in cells)]
    assert [row.cells for row in read_rows] == expected
    lines = text.getvalue().splitlines(keepends=False)
    assert all(row.line <= len(lines) + 1 for row in read_rows)


@given(data=st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        found = read(data)[3]
    except InvalidInputError:
        return
    places = [row.line for row in found]
    assert places == sorted(set(places))
