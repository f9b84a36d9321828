"""What does a CSV file say, whichever program wrote it?"""

import codecs
import csv
import io
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from afterword.domain.errors import InvalidInputError

ROW_CHARS_MAX = 131_072
"""Characters of one row with its line breaks: as many as Python's csv takes in a cell. Bounds the memory."""

SPOOLED_BYTES_MAX = 16 * 1024 * 1024
"""So much of what can be read only once is kept in memory; the rest in a temporary file without a name."""

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}

UNREADABLE = "\ufffd"
"""Stands where a byte is that the file's encoding does not know."""

_HEAD_BYTES = 4_096
_NULS_SHARE_MAX = 0.1
"""Of the first bytes: with more it is another kind of file. A single one is a mistake in a cell."""

_PART_BYTES = 1 << 20
_ENCODINGS = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "CP1252"}
_OTHERS = {
    b"PK\x03\x04": "an Excel workbook or another ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
    codecs.BOM_UTF32_LE: "a text in UTF-32",
    codecs.BOM_UTF32_BE: "a text in UTF-32",
}
"""How files begin that people take for CSV."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins, its cells, and why it can't be used as a whole."""

    line: int
    cells: list[str]
    problem: str | None = None


class _TooLongError(Exception):
    """A row is longer than ROW_CHARS_MAX."""


class _Lines:
    """
    The lines of a text, those of one row together no longer than ROW_CHARS_MAX.

    Attributes:
        number: Lines read so far.
    """

    def __init__(self, text: IO[str]) -> None:
        self.number = 0
        self._text = text
        self._waiting: str | None = None
        self._room = ROW_CHARS_MAX
        self._quotes = 0
        self._is_whole = True

    def begin_row(self) -> None:
        """What comes next is another row."""
        self._room = ROW_CHARS_MAX
        self._quotes = 0

    @property
    def is_quoted(self) -> bool:
        """Whether the row so far ends inside quotes."""
        return self._quotes % 2 == 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting if self._waiting is not None else self._text.readline(self._room + 1)
        self._waiting = None
        if not line:
            raise StopIteration
        self._note(line)
        self._room -= len(line)
        if self._room < 0:
            raise _TooLongError
        return line

    def peek(self) -> str:
        """The first line, which is read again."""
        self._waiting = self._text.readline(self._room + 1)
        return self._waiting

    def skip_row(self) -> bool:
        """Read on until the row that was too long ends, outside of quotes; whether the file ended before."""
        while not self._is_whole or self.is_quoted:
            if not (part := self._text.readline(ROW_CHARS_MAX)):
                return True
            self._note(part)
        return False

    def _note(self, part: str) -> None:
        self.number += self._is_whole
        self._quotes += part.count('"')
        self._is_whole = part.endswith(("\n", "\r"))


class CsvFile:
    """
    An open CSV file, read row by row in bounded memory.

    Attributes:
        name: What to call it in messages.
        encoding, delimiter: What was found, as people call it.
        header: The cells of its first row.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        codec = _find_codec(file, name)
        self.encoding = _ENCODINGS[codec]
        self._text = io.TextIOWrapper(file, codec, errors="replace", newline="")
        self._lines = _Lines(self._text)
        first = self._lines.peek()
        while first and not first.strip():
            next(self._lines)
            self._lines.begin_row()
            first = self._lines.peek()
        if said := _SEPARATOR_LINE.fullmatch(first):
            next(self._lines)
            delimiter = said[1]
        else:
            bare = re.sub('"[^"]*"', "", first)
            delimiter = max(DELIMITERS, key=bare.count)
        self.delimiter = DELIMITERS[delimiter]
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        header = self._next_row()
        if header is not None and header.problem is not None:
            raise InvalidInputError(f"{name}:{header.line}: the line that names the columns {header.problem}")
        self.header = [] if header is None else header.cells

    def rows(self) -> Iterator[Row]:
        """All rows below the header that are not blank."""
        while (row := self._next_row()) is not None:
            if row.problem is not None or any(cell and not cell.isspace() for cell in row.cells):
                yield row

    def detach(self) -> None:
        """Let go of the file, which stays open."""
        self._text.detach()

    def _next_row(self) -> Row | None:
        lines = self._lines
        lines.begin_row()
        line = lines.number + 1
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except _TooLongError:
            is_last = lines.skip_row()
            unread = ", and nothing after it was read" if is_last and lines.is_quoted else ""
            return Row(
                line, [], f"is longer than {ROW_CHARS_MAX:,} characters{unread}: is a quote not closed?"
            )
        except csv.Error:
            if lines.is_quoted:
                return Row(line, [], "has a quote that is opened and not closed")
            return Row(line, [], "has a text behind a closing quote: a quote within quotes is written twice")
        except OSError as error:
            raise _unreadable(self.name, error) from error
        return Row(line, cells)


@contextmanager
def open_csv(source: Path | IO[bytes]) -> Iterator[CsvFile]:
    """
    Open a CSV file, or one that comes by standard input.

    The encoding is UTF-8 or UTF-16 when the file says so; else UTF-8, or CP1252 where nothing beyond
    ASCII is UTF-8. The delimiter is what its first line has most of.

    Raises:
        InvalidInputError: It can't be read, or is no text.
    """
    name = str(source) if isinstance(source, Path) else "standard input"
    with ExitStack() as opened:
        try:
            file: IO[bytes] = opened.enter_context(source.open("rb")) if isinstance(source, Path) else source
            if not file.seekable():
                spooled = opened.enter_context(SpooledTemporaryFile(SPOOLED_BYTES_MAX))
                shutil.copyfileobj(file, spooled)
                spooled.seek(0)
                file = spooled
            found = CsvFile(file, name)
        except OSError as error:
            raise _unreadable(name, error) from error
        opened.callback(found.detach)
        yield found


def _unreadable(name: str, error: OSError) -> InvalidInputError:
    return InvalidInputError(f"can't read {name}: {error.strerror}")


def _find_codec(file: IO[bytes], name: str) -> str:
    """Python's name of the encoding; the file is where it was."""
    begin = file.tell()
    head = file.read(_HEAD_BYTES)
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise InvalidInputError(f"{name} is {what}: save it as CSV in UTF-8")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    elif head.count(b"\0") > len(head) * _NULS_SHARE_MAX:
        raise InvalidInputError(f"{name} is not a text: save it as CSV in UTF-8")
    else:
        file.seek(begin)
        codec = "utf-8-sig" if _is_utf8(file) else "cp1252"
    file.seek(begin)
    return codec


def _is_utf8(file: IO[bytes]) -> bool:
    """
    Whether a file is UTF-8, be it with mistakes.

    Letters of another encoding are hardly ever right in UTF-8, so one that is tells more than some that
    are not.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    has_mistakes = False
    while part := file.read(_PART_BYTES):
        text = decoder.decode(part)
        if not text.isascii():
            if _BEYOND_ASCII.search(text):
                return True
            has_mistakes |= _NOT_UTF8.search(text) is not None
    has_mistakes |= not decoder.decode(b"", final=True).isascii()
    return not has_mistakes
