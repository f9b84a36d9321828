"""Does the page about what is kept name every field, once, with why, how long and who sees it?"""

import pytest

from afterword.settings import NAMES, PREFIX
from afterword.storage.tables import metadata
from tests.house.test_docs import REFERENCE, all_code, duplicates, rows

pytestmark = pytest.mark.docs

PAGE = REFERENCE / "data-kept.md"
SECTIONS = ("About people", "What they did", "What they were asked, and said", "About the organisation")


def test_every_field_is_there_once_and_no_other_is() -> None:
    named = [field for heading in SECTIONS for row in rows(PAGE, heading) for field in all_code(row[0])]
    fields = {f"{table.name}.{column.name}" for table in metadata.sorted_tables for column in table.c}
    assert duplicates(named) == []
    assert set(named) == fields


def test_every_row_says_why_how_long_and_who_sees_it() -> None:
    assert [row for heading in SECTIONS for row in rows(PAGE, heading) if len(row) != 4 or not all(row)] == []


def test_every_setting_of_how_long_is_explained_and_used() -> None:
    settings = {PREFIX + name.upper() for name in NAMES if name.startswith("keep_")}
    explained = {name for row in rows(PAGE, "How long") for name in all_code(row[1])}
    used = {name for heading in SECTIONS for row in rows(PAGE, heading) for name in all_code(row[2])}
    assert explained == settings
    assert {name for name in used if name.startswith(PREFIX)} == settings - {f"{PREFIX}KEEP_MAILS"}
