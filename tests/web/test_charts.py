"""Do charts show the right lengths, say them in words, and leave the Content-Security-Policy alone?"""

import re
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from afterword.domain.question_report import QuestionReport
from afterword.domain.statistics import Distribution, distribution
from afterword.web.charts import (
    LABEL_LINE_CHARS_MAX,
    LABEL_LINES_MAX,
    describe,
    distribution_chart,
    format_percent,
    question_chart,
)

SVG = "{http://www.w3.org/2000/svg}"
POINTS: dict[int | str, str] = {point: str(point) for point in range(1, 6)}
RATINGS = distribution({1: 2, 2: 3, 3: 5, 4: 12, 5: 8}, POINTS)
CHOICES = distribution(
    {"slow": 7, "flaky": 3},
    {
        "slow": "Builds are too slow",
        "flaky": "Flaky tests in the shared suite that nobody owns, so that I have to run all of it again",
        "docs": "Docs",
    },
)
ONE = distribution({4: 1}, POINTS)
NOBODY = distribution({}, POINTS)
MANY = distribution({"a": 1170, "b": 110}, {"a": "Command line", "b": "Web page"}, n=1200)
CENSUS = distribution({4: 2, 5: 3}, POINTS, population=5)
EVERY_CHART = pytest.mark.parametrize(
    "shares",
    [RATINGS, CHOICES, ONE, NOBODY, MANY, CENSUS],
    ids=["ratings", "choices", "one", "nobody", "many", "census"],
)


def draw(shares: Distribution, title: str = "How was it?") -> str:
    return distribution_chart(shares, title=title, chart_id="q1")


def parse(shares: Distribution) -> ElementTree.Element:
    return ElementTree.fromstring(draw(shares))


def by_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if name in node.get("class", "").split()]


def number(node: ElementTree.Element, name: str) -> float:
    return float(node.get(name, "nan"))


def zero_and_full(root: ElementTree.Element) -> tuple[float, float]:
    """Where 0 % and 100 % lie, from the first and last mark of the axis."""
    first, *_, last = by_class(root, "mark")
    end = int(re.findall(r"\d+", last.text or "")[0]) / 100
    zero = number(first, "x")
    return zero, zero + (number(last, "x") - zero) / end


def whiskers(root: ElementTree.Element) -> list[tuple[float, float]]:
    """The ends of each whisker as shares, from the top row down."""
    zero, full = zero_and_full(root)
    found = []
    for group in by_class(root, "ci"):
        xs = [float(x) for x, _ in re.findall(r"([\d.]+) ([\d.]+)", group[0].get("d", ""))]
        found.append(((min(xs) - zero) / (full - zero), (max(xs) - zero) / (full - zero)))
    return found[::-1]


class TestUnderAStrictPolicy:
    @EVERY_CHART
    def test_has_no_script_and_no_style_and_no_comment(self, shares: Distribution) -> None:
        text = draw(shares)
        assert not re.search(r"<script|<style|<!--|<\?|javascript:|href|\bstyle=|\bon\w+=", text)

    @EVERY_CHART
    def test_says_neither_when_nor_by_what_it_was_drawn(self, shares: Distribution) -> None:
        assert not re.search(r"\d{4}-\d\d-\d\d|pygal|tooltip|reactive", draw(shares), re.IGNORECASE)

    @EVERY_CHART
    def test_is_the_same_each_time(self, shares: Distribution) -> None:
        assert draw(shares) == draw(shares)

    def test_escapes_what_people_wrote(self) -> None:
        evil = "<script>alert(1)</script> & \"'"
        text = draw(distribution({"x": 1}, {"x": evil}), title=evil)
        assert "<script" not in text
        root = ElementTree.fromstring(text)
        assert root.findtext(f"{SVG}title") == evil
        assert [label.text for label in by_class(root, "label")] == [evil]

    def test_is_safe_to_be_put_into_a_page(self) -> None:
        assert isinstance(distribution_chart(RATINGS, title="t", chart_id="c"), Markup)


class TestForPeopleWhoDoNotSeeIt:
    @EVERY_CHART
    def test_is_an_image_with_a_name_and_a_description(self, shares: Distribution) -> None:
        root = parse(shares)
        assert root.get("role") == "img"
        title, description = root[0], root[1]
        assert (title.tag, title.text) == (f"{SVG}title", "How was it?")
        assert (description.tag, description.text) == (f"{SVG}desc", describe(shares))
        assert root.get("aria-labelledby") == title.get("id") == "q1-title"
        assert root.get("aria-describedby") == description.get("id") == "q1-desc"
        assert len(list(root.iter(f"{SVG}title"))) == 1

    def test_describes_each_row(self) -> None:
        shares = distribution({"a": 12, "b": 18}, {"a": "Yes", "b": "No"})
        assert describe(shares).replace("\u202f", " ") == (
            "30 people. Yes: 12, 40 % (25 % to 58 %). No: 18, 60 % (42 % to 75 %)."
        )

    def test_speaks_of_one_person_in_the_singular(self) -> None:
        assert describe(ONE).startswith("1 person. ")

    def test_says_that_nobody_answered(self) -> None:
        assert describe(NOBODY) == "No answers yet"


class TestLengths:
    @pytest.mark.parametrize("shares", [RATINGS, CHOICES, ONE, MANY])
    def test_whiskers_end_where_the_intervals_do(self, shares: Distribution) -> None:
        expected = [(row.interval.low, row.interval.high) for row in shares.rows if row.interval]
        assert len(expected) == len(shares.rows)
        found = whiskers(parse(shares))
        assert [low for low, _ in found] == pytest.approx([low for low, _ in expected], abs=0.002)
        assert [high for _, high in found] == pytest.approx([high for _, high in expected], abs=0.002)

    @pytest.mark.parametrize("shares", [RATINGS, CHOICES, ONE, MANY, CENSUS])
    def test_bars_are_as_long_as_the_shares(self, shares: Distribution) -> None:
        root = parse(shares)
        zero, full = zero_and_full(root)
        bars = by_class(root, "bar")[::-1]
        widths = [number(bar[0], "width") / (full - zero) if len(bar) else 0.0 for bar in bars]
        assert widths == pytest.approx([row.share for row in shares.rows], abs=0.002)

    @pytest.mark.parametrize("shares", [RATINGS, CHOICES, ONE, MANY])
    def test_each_whisker_lies_in_the_middle_of_its_bar(self, shares: Distribution) -> None:
        root = parse(shares)
        for bar, whisker in zip(by_class(root, "bar"), by_class(root, "ci"), strict=True):
            if len(bar):
                middle = number(bar[0], "y") + number(bar[0], "height") / 2
                assert f" {middle:.2f} " in whisker[0].get("d", "")

    def test_has_no_whiskers_without_intervals(self) -> None:
        assert by_class(parse(CENSUS), "ci") == []

    @EVERY_CHART
    def test_stays_inside_the_picture(self, shares: Distribution) -> None:
        root = parse(shares)
        left, top, width, height = (float(part) for part in root.get("viewBox", "").split())
        for group in root.iter(f"{SVG}g"):
            if not group.get("transform"):
                continue
            shift_x, shift_y = (float(part) for part in re.findall(r"[\d.]+", group.get("transform", "")))
            for node in group.iter(f"{SVG}text"):
                assert left <= number(node, "x") + shift_x <= left + width
                assert top <= number(node, "y") + shift_y <= top + height


class TestTexts:
    def test_prints_count_and_percent_of_each_row_at_the_right(self) -> None:
        values = by_class(parse(RATINGS), "value")[::-1]
        assert [(value.text or "").replace("\u202f", " ") for value in values] == [
            "2 · 7 %",
            "3 · 10 %",
            "5 · 17 %",
            "12 · 40 %",
            "8 · 27 %",
        ]
        assert {value.get("text-anchor") for value in values} == {"end"}
        assert len({value.get("x") for value in values}) == 1

    def test_labels_rows_from_the_first_at_the_top(self) -> None:
        labels = sorted(by_class(parse(RATINGS), "label"), key=lambda label: number(label, "y"))
        assert [label.text for label in labels] == ["1", "2", "3", "4", "5"]

    def test_puts_long_labels_above_their_bars_in_few_lines(self) -> None:
        root = parse(CHOICES)
        labels = sorted(by_class(root, "label"), key=lambda label: number(label, "y"))
        texts = [label.text or "" for label in labels]
        assert texts[0] == "Builds are too slow"
        assert texts[-1] == "Docs"
        assert len(texts) == 2 + LABEL_LINES_MAX
        assert texts[2].endswith("…")
        assert max(map(len, texts)) <= LABEL_LINE_CHARS_MAX
        first_bar = by_class(root, "bar")[-1]
        assert number(labels[0], "y") < number(first_bar[0], "y") < number(labels[1], "y")

    def test_says_that_nobody_answered_yet(self) -> None:
        root = parse(NOBODY)
        assert [text.text for text in root.iter(f"{SVG}text")] == ["No answers yet"]

    @pytest.mark.parametrize(
        ("share", "text"),
        [
            (0, "0 %"),
            (0.0004, "<1 %"),
            (0.0099, "<1 %"),
            (0.01, "1 %"),
            (0.4, "40 %"),
            (0.99, "99 %"),
            (0.9999, ">99 %"),
            (1, "100 %"),
        ],
    )
    def test_writes_whole_percent_and_keeps_0_and_100_for_none_and_all(self, share: float, text: str) -> None:
        assert format_percent(share).replace("\u202f", " ") == text


class TestTones:
    def tones(self, kind: str, points: range) -> list[str]:
        shares = distribution(dict.fromkeys(points, 1), {point: str(point) for point in points})
        chart = question_chart(QuestionReport("q", "How was it?", kind, len(points), 0, shares), chart_id="q")
        bars = by_class(ElementTree.fromstring(chart), "bar")[::-1]
        return [bar.get("class", "").removeprefix("bar bar-") for bar in bars]

    def test_of_a_rating_mark_the_satisfied(self) -> None:
        assert self.tones("rating", range(1, 6)) == ["plain"] * 3 + ["good"] * 2

    def test_of_an_nps_mark_detractors_and_promoters(self) -> None:
        assert self.tones("nps", range(11)) == ["bad"] * 7 + ["plain"] * 2 + ["good"] * 2

    def test_of_a_text_question_there_is_no_chart(self) -> None:
        assert question_chart(QuestionReport("q", "Why?", "text", 3, 0), chart_id="q") == ""
