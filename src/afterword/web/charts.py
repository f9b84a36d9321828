"""
How does a distribution look?

Charts are inline SVG, drawn on the server by pygal, with no script and no style
of their own: a strict Content-Security-Policy stays as it is. Colours, fonts,
dark mode and print come from ``static/charts.css`` by the classes set here.

Pygal places bars and whiskers; what it adds for its script and its own look is
taken out again by ``strip``, in its public XML filter.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from math import ceil
from textwrap import wrap
from typing import Any

import pygal
from markupsafe import Markup

from afterword.domain.question_report import QuestionReport
from afterword.domain.statistics import PASSIVE_FROM, PROMOTER_FROM, SATISFIED_FROM, Distribution, Share

# pygal's hook for map plugins speaks an import protocol that Python 3.12 dropped, and is asked
# about every import of this process from then on. We draw no maps.
sys.meta_path[:] = [
    finder for finder in sys.meta_path if type(finder).__module__.partition(".")[0] != "pygal"
]

WIDTH = 360
"""Units of the view box. A chart 340 px wide is drawn at 0.94, so 13 units of text are 12 px."""
ROW_HEIGHT = 30
"""Height of a row whose label stands beside its bar."""
LINE_HEIGHT = 22
"""Height of a label's line, and of its bar, where labels stand above the bars."""
BAR_HEIGHT = 14
BAR_RADIUS = 2
LABEL_GAP = 6
"""Between a label and the bar at its right."""
LABEL_SHIFT = 5
"""How much closer a label stands to its own bar than to the one above."""
LINE_TIGHTENING = 4
"""How much less than a slot two lines of one label are apart."""
AXIS_HEIGHT = 32
EMPTY_HEIGHT = 48
MARGIN = 2
LEFT_CROP = 22
"""About what pygal keeps free at the left of labels, which is empty where they stand above."""
VALUE_WIDTH = 92
"""Kept free at the right for “1,234 · 100 %”."""
SIDE_LABEL_CHARS_MAX = 2
"""Longer labels stand above their bars, so that the bars keep their room on a phone."""
LABEL_LINE_CHARS_MAX = 36
LABEL_LINES_MAX = 2
"""A longer label is cut with “…”; the table beside the chart has all of it."""
SCALE_STEP = 0.25
"""The axis ends at the first quarter that holds every whisker."""

NOBODY_YET = "No answers yet"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def question_chart(question: QuestionReport, *, chart_id: str) -> Markup:
    """
    Draw the distribution of a question's answers; nothing for kinds without one.

    Args:
        question: What people answered.
        chart_id: Unique on the page; ids inside the chart begin with it.
    """
    if question.distribution is None:
        return Markup()
    points = len(question.distribution.rows)
    tones = [_tone(question.kind, row, points) for row in question.distribution.rows]
    return distribution_chart(question.distribution, title=question.text, chart_id=chart_id, tones=tones)


def distribution_chart(
    distribution: Distribution, *, title: str, chart_id: str, tones: Sequence[str] = ()
) -> Markup:
    """
    Draw shares as horizontal bars with their intervals as whiskers, first row on top.

    Args:
        distribution: What to draw; with n = 0 the chart says that nobody answered yet.
        title: What the chart is about, read to people who do not see it.
        chart_id: Unique on the page; ids inside the chart begin with it.
        tones: A class suffix per row, ``good``, ``bad`` or ``plain``; by default all good.

    Returns:
        An ``<svg role="img">``, safe to be put into a page as it is. The same
        arguments give the same text.
    """
    if not distribution.n:
        return _empty_chart(title=title, chart_id=chart_id)
    rows = distribution.rows
    labels = [_label_lines(row.label) for row in rows]
    lines_above = _lines_above(labels)

    def finish(root: Any) -> Any:
        strip(root)
        name_picture(root, chart_id, title, describe(distribution))
        _place_labels(root, [text for lines in labels for text in _slots(lines, lines_above)], lines_above)
        _place_marks(root, lines_above)
        _place_values(root, lines_above)
        if lines_above:
            _crop(root, blank_lines=lines_above - len(labels[0]))
        _shape_bars(root, rows, tones or ["good"] * len(rows))
        round_numbers(root)
        return root

    return render(_make_chart(rows, lines_above), finish)


def _empty_chart(*, title: str, chart_id: str) -> Markup:
    chart = _new_chart(width=WIDTH, height=EMPTY_HEIGHT, no_data_text=NOBODY_YET, show_x_labels=False)

    def finish(root: Any) -> Any:
        strip(root)
        name_picture(root, chart_id, title, NOBODY_YET)
        round_numbers(root)
        return root

    return render(chart, finish)


def render(chart: Any, finish: Callable[[Any], Any]) -> Markup:
    chart.add_xml_filter(finish)
    # Safe as it is: it was built as a tree, which escapes every text.
    return Markup(chart.render(is_unicode=True))  # noqa: S704


def describe(distribution: Distribution) -> str:
    """Say in words what the chart shows, row by row."""
    if not distribution.n:
        return NOBODY_YET
    people = "1 person" if distribution.n == 1 else f"{distribution.n:,} people"
    return f"{people}. " + " ".join(_describe_row(row) for row in distribution.rows)


def format_percent(share: float) -> str:
    """
    Write a proportion as whole percent, ``0.4`` as ``40 %``.

    Only nobody is 0 % and only everybody 100 %: in between, ``<1 %`` and ``>99 %``.
    """
    percent = 100 * share
    if 0 < percent < 1:
        return f"<1{NARROW_SPACE}%"
    if 99 < percent < 100:
        return f">99{NARROW_SPACE}%"
    return f"{percent:.0f}{NARROW_SPACE}%"


def _describe_row(row: Share) -> str:
    text = f"{row.label}: {row.count:,}"
    if row.share is not None:
        text += f", {format_percent(row.share)}"
    if row.interval is not None:
        text += f" ({format_percent(row.interval.low)} to {format_percent(row.interval.high)})"
    return text + "."


def _tone(kind: str, row: Share, points: int) -> str:
    """Good is what the score counts for, bad what it counts against."""
    if not isinstance(row.value, int):
        return "good"
    if kind == "nps":
        return "good" if row.value >= PROMOTER_FROM else "bad" if row.value < PASSIVE_FROM else "plain"
    return "good" if row.value >= SATISFIED_FROM[points] else "plain"


def _label_lines(label: str) -> list[str]:
    return wrap(label, LABEL_LINE_CHARS_MAX, max_lines=LABEL_LINES_MAX, placeholder="…") or [""]


def _lines_above(labels: Sequence[Sequence[str]]) -> int:
    """How many lines each label takes above its bar; 0 where all are short enough to stand beside."""
    if all(len(lines) == 1 and len(lines[0]) <= SIDE_LABEL_CHARS_MAX for lines in labels):
        return 0
    return max(len(lines) for lines in labels)


def _slots(lines: Sequence[str], lines_above: int) -> list[str]:
    """The texts of one row's slots from top to bottom: its label's lines, and none for its bar."""
    if not lines_above:
        return [lines[0]]
    return [""] * (lines_above - len(lines)) + [*lines, ""]


def _make_chart(rows: Sequence[Share], lines_above: int) -> Any:
    """
    A pygal chart whose slots, from bottom to top, are the bars and the label lines above them.

    Pygal would widen its margin for the longest label, so here labels are no
    longer than one beside a bar; ``_place_labels`` puts in the texts.
    """
    slots: list[dict[str, Any] | None] = []
    for row in rows:
        slots += [None] * lines_above + [_bar(row)]
    top = _scale_end(rows)
    slot_height = LINE_HEIGHT if lines_above else ROW_HEIGHT
    chart = _new_chart(
        width=WIDTH + LEFT_CROP if lines_above else WIDTH,
        height=len(slots) * slot_height + AXIS_HEIGHT,
        margin_right=MARGIN if lines_above else VALUE_WIDTH,
        range=(0, top),
        print_values=True,
        print_values_position="center",  # the others would stretch the axis
    )
    chart.x_labels = ["0" * (1 if lines_above else SIDE_LABEL_CHARS_MAX)] * len(slots)
    step = 2 * SCALE_STEP if top == 1 else SCALE_STEP
    marks = [index * step for index in range(round(top / step) + 1)]
    chart.y_labels = [{"value": mark, "label": format_percent(mark)} for mark in marks]
    chart.add("", slots[::-1])
    return chart


def _new_chart(**options: Any) -> Any:
    return pygal.HorizontalBar(
        margin=MARGIN,
        show_legend=False,
        show_y_guides=False,
        disable_xml_declaration=True,
        js=(),
        spacing=6,
        style=pygal.style.Style(font_family="inherit", label_font_size=13, value_font_size=13),
        **options,
    )


def _bar(row: Share) -> dict[str, Any]:
    share = row.share or 0.0
    bar: dict[str, Any] = {
        "value": share,
        "formatter": lambda _: f"{row.count:,} · {format_percent(share)}",
    }
    if row.interval is not None:
        bar["ci"] = {"low": row.interval.low, "high": row.interval.high}
    return bar


def _scale_end(rows: Iterable[Share]) -> float:
    highest = max([row.interval.high if row.interval else row.share or 0.0 for row in rows], default=1.0)
    return max(SCALE_STEP, ceil(highest / SCALE_STEP - 1e-9) * SCALE_STEP)


def strip(root: Any) -> None:
    """Take out what pygal adds for its script and its own look, which the CSP forbids or nobody needs."""
    for parent in list(root.iter()):
        for child in list(parent):
            # A comment's tag is a function; pygal's name the version and the day.
            unwanted = not isinstance(child.tag, str) or child.tag in {"defs", "desc", "title"}
            if unwanted or "tooltip-overlay" in child.get("class", "") or child.get("class") == "background":
                parent.remove(child)


def name_picture(root: Any, chart_id: str, title: str, description: str) -> None:
    """Give the picture a name and a description for people who do not see it."""
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        node = root.makeelement(tag, {"id": f"{chart_id}-{tag}"})
        node.text = text
        root.insert(place, node)
    root.set("id", chart_id)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-labelledby", f"{chart_id}-title")
    root.set("aria-describedby", f"{chart_id}-desc")


def _place_labels(root: Any, texts: Sequence[str], lines_above: int) -> None:
    """Put the labels into their slots: at the left of the bars, or above them where the bars begin."""
    axis = root.find(".//g[@class='axis y']")
    # Pygal counts slots from the bottom.
    for index, (node, text) in enumerate(zip(axis.findall("g/text"), reversed(texts), strict=True)):
        node.text = text
        node.set("class", "label")
        if not lines_above:
            node.set("text-anchor", "end")
            node.set("x", str(-LABEL_GAP))
            continue
        node.set("x", root.find(".//g[@class='bar']/rect").get("x"))
        lines_below = index % (lines_above + 1) - 1
        _move_down(node, LABEL_SHIFT + lines_below * LINE_TIGHTENING)
    for guides in list(axis):
        if not guides.find("text").text:
            axis.remove(guides)


def _place_marks(root: Any, lines_above: int) -> None:
    """Keep the axis' marks inside the picture, and its lines out of labels that stand above bars."""
    axis = root.find(".//g[@class='axis x']")
    groups = axis.findall("g")
    for index, group in enumerate(groups):
        mark = group.find("text")
        is_at_edge = lines_above and index in (0, len(groups) - 1)
        mark.set("text-anchor", ("end" if index else "start") if is_at_edge else "middle")
        mark.set("class", "mark")
        if lines_above:
            group.remove(group.find("path"))


def _place_values(root: Any, lines_above: int) -> None:
    """Move the values from their bars to the right edge, where no whisker crosses them."""
    edge = (WIDTH + LEFT_CROP if lines_above else WIDTH) - MARGIN - _plot_left(root)
    for node in root.findall(".//g[@class='plot text-overlay']/g/text"):
        node.set("text-anchor", "end")
        node.set("x", str(edge))
        if lines_above:
            _move_down(node, LABEL_SHIFT - LINE_HEIGHT)


def _shape_bars(root: Any, rows: Sequence[Share], tones: Sequence[str]) -> None:
    """Give all bars one height around their middle, and bars and whiskers the classes of their rows."""
    bars = root.findall(".//g[@class='bar']")
    for bar, tone in zip(bars, reversed(tones), strict=True):
        bar.set("class", f"bar bar-{tone}")
        rect = bar.find("rect")
        if rect.get("width") is None:
            bar.remove(rect)
            continue
        middle = float(rect.get("y")) + float(rect.get("height")) / 2
        rect.set("y", str(middle - BAR_HEIGHT / 2))
        rect.set("height", str(BAR_HEIGHT))
        rect.set("rx", str(BAR_RADIUS))
        for name in ("ry", "class"):
            rect.attrib.pop(name)
    whiskers = root.findall(".//g[@class='ci']")
    with_interval = [row for row in rows if row.interval is not None]
    for whisker, row in zip(whiskers, reversed(with_interval), strict=True):
        whisker.find("path").attrib.pop("class")
        if row.count == 0:
            whisker.set("class", "ci ci-of-none")


def _crop(root: Any, blank_lines: int) -> None:
    """Let the picture begin where the bars do, and at the first line of the first label."""
    left = _plot_left(root) + float(root.find(".//g[@class='bar']/rect").get("x")) - MARGIN
    top = blank_lines * LINE_HEIGHT
    _, _, width, height = (float(number) for number in root.get("viewBox").split())
    root.set("viewBox", f"{left:.2f} {top} {width - left:.2f} {height - top:.0f}")


def _plot_left(root: Any) -> float:
    return float(re.findall(r"[\d.]+", root.find(".//g[@class='plot']").get("transform"))[0])


def _move_down(node: Any, by: float) -> None:
    node.set("y", str(float(node.get("y")) + by))


def round_numbers(root: Any) -> None:
    """Two decimals are finer than a pixel, and the same on every machine."""
    for node in root.iter():
        for name in ("x", "y", "width", "height", "d"):
            if name in node.attrib:
                node.set(name, re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.2f}", node.get(name)))
        if node.get("class") == "":
            node.attrib.pop("class")
