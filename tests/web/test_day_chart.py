"""Does the picture of invitations by day show the right lengths, to everybody, and in the dark?"""

from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from afterword.web.day_chart import BAR_WIDTH_MAX, BARS_MAX, DATES_MAX, MARKS_MAX, day_chart

SVG = "{http://www.w3.org/2000/svg}"
FIRST = date(2026, 2, 2)
"""A Monday."""


def by_day(*counts: int) -> dict[date, int]:
    return {FIRST + timedelta(days=number): count for number, count in enumerate(counts)}


THIS, LIVE = by_day(3, 0, 6, 1), by_day(6, 2, 0, 12)
BOTH = (("this file", THIS), ("live", LIVE))


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def by_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if name in node.get("class", "").split()]


def bars(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Without the legend's, which have nothing to say."""
    return [node for node in by_class(root, name) if node.find(f"{SVG}title") is not None]


def heights(root: ElementTree.Element, name: str) -> list[float]:
    return [float(node.get("height", "nan")) for node in bars(root, name)]


def test_bars_are_as_long_as_their_days_have_invitations() -> None:
    root = parse(day_chart("build-cli", BOTH))
    this, live = heights(root, "bar-good"), heights(root, "bar-other")
    unit = this[0] / 3
    assert this == pytest.approx([3 * unit, 6 * unit, unit], abs=0.05)
    assert live == pytest.approx([6 * unit, 2 * unit, 12 * unit], abs=0.05)
    assert max(float(node.get("width", "nan")) for node in bars(root, "bar-good")) <= BAR_WIDTH_MAX
    assert [node.findtext(f"{SVG}title") for node in bars(root, "bar-good")] == [
        "2026-02-02: 3 (this file)",
        "2026-02-04: 6 (this file)",
        "2026-02-05: 1 (this file)",
    ]


def test_it_says_what_it_shows_to_people_who_do_not_see_it() -> None:
    root = parse(day_chart("build-cli", BOTH, in_part=[FIRST]))
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")
    assert title.text == "build-cli: invitations of each day (UTC), 2026-02-02 to 2026-02-05"
    assert (description.text or "").startswith("this file: 10 invitations, at most 6 of a day, 2026-02-04. ")
    assert "live: 20 invitations" in (description.text or "")
    assert (description.text or "").endswith("2026-02-02 only in part.")


def test_it_has_no_script_and_loads_nothing_and_is_the_same_each_time() -> None:
    text = day_chart("build-cli", BOTH)
    assert text == day_chart("build-cli", BOTH)
    assert not any(word in text for word in ("<script", "href", "@import", "url(", "<!--"))


def test_it_can_be_read_in_the_light_and_in_the_dark() -> None:
    root = parse(day_chart("build-cli", BOTH))
    style = root.findtext(f"{SVG}style") or ""
    light, _, dark = style.rpartition("prefers-color-scheme: dark")
    assert "--ground: #fff" in light
    assert "--ground: #151922" in dark
    (ground,) = by_class(root, "ground")
    assert list(root).index(ground) < list(root).index(next(root.iter(f"{SVG}g"))), "behind all that is drawn"


def test_the_legend_names_both_and_one_alone_needs_none() -> None:
    legends = by_class(parse(day_chart("build-cli", BOTH)), "legend")
    assert [legend.findtext(f"{SVG}text") for legend in legends] == ["this file: 10", "live: 20"]
    assert by_class(parse(day_chart("build-cli", BOTH[:1])), "legend") == []


def test_many_days_are_weeks() -> None:
    days = by_day(*[1] * (BARS_MAX + 1))
    root = parse(day_chart("build-cli", [("this file", days)]))
    names = [node.findtext(f"{SVG}title") for node in bars(root, "bar-good")]
    assert names[:2] == ["2026-02-02: 7 (this file)", "2026-02-09: 7 (this file)"]
    assert names[-1] == "2026-05-04: 2 (this file)"
    assert by_class(root, "note")[0].text == "Weeks begin on Monday"


@pytest.mark.parametrize("highest", [1, 2, 7, 54, 1300, 99_999])
def test_the_axis_has_few_whole_numbers_and_dates_that_are_not_cut(highest: int) -> None:
    root = parse(day_chart("build-cli", [("this file", by_day(*[highest] * 31))]))
    marks = [node.text or "" for node in by_class(root, "mark")]
    numbers = [int(mark.replace(",", "")) for mark in marks if "-" not in mark]
    dates = [mark for mark in marks if "-" in mark]
    assert numbers[0] == 0
    assert highest <= numbers[-1] < 2.5 * highest
    assert len({after - before for before, after in pairwise(numbers)}) == 1
    assert len(numbers) <= MARKS_MAX + 1
    assert dates[0] == FIRST.isoformat()
    assert len(dates) <= DATES_MAX
    assert all(date.fromisoformat(one) for one in dates)


def test_nobody_asked() -> None:
    text = day_chart("build-cli", [("this file", by_day(0, 0))])
    assert "No invitations" in text
    assert "this file: no invitations." in text
