"""
How many invitations would go out on each day, as a picture?

A file of its own, so it brings its style along: that of the report's charts in
``static/charts.css``, a ground, and no script. What does not know its custom
properties draws with the attributes.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pygal

from afterword.web.charts import name_picture, render, round_numbers, strip

WIDTH, HEIGHT = 960, 360
MARGIN = 12
TITLE_SIZE, TEXT_SIZE = 16, 13
"""Units of the view box; the picture is drawn as wide as it is where there is room."""

BARS_MAX = 92
"""A quarter. With more days a bar is a week, as it would be thinner than can be seen."""

BAR_WIDTH_MAX = 48
"""A single day need not fill the picture."""

DATES_MAX = 8
"""So many dates have room below."""

WHOLE_LABELS = -1
"""Pygal cuts labels that it takes for too long, where we leave out every other one."""

MARKS_MAX = 6
"""The axis has no more than so many numbers, 0 apart."""

SERIES_CLASSES = ("bar-good", "bar-other")
"""The first is filled, the second an outline: told apart without colours, too."""
_FALLBACKS = ({"fill": "#7387ea"}, {"fill": "none", "stroke": "#2b3246"})

_STYLE = """
:root { --ground: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #151922; } }
@media print { :root, :root:not([data-theme="light"]) { --ground: #fff; } }
.chart { width: 960px; max-width: 100%; font-family: system-ui, sans-serif; }
.chart .ground { fill: var(--ground); }
.chart .title { font-size: 16px; font-weight: 600; }
.chart .note { font-size: 12px; fill: var(--chart-text-muted); }
.chart .bar-other { fill: none; stroke: var(--chart-whisker); stroke-width: 1.25; }
"""


def day_chart(
    survey_key: str, series: Sequence[tuple[str, Mapping[date, int]]], *, in_part: Collection[date] = ()
) -> str:
    """
    Draw the invitations of each day, or of each week when there are many days, as upright bars.

    Args:
        survey_key: What the picture is about.
        series: One or two of (what it is called, day → invitations), over the same days.
        in_part: Days of which not all was counted.

    Returns:
        The text of an SVG file. The same arguments give the same text.
    """
    days = list(series[0][1])
    unit = "day" if len(days) <= BARS_MAX else "week"
    bars = [(label, counts if unit == "day" else _by_week(counts)) for label, counts in series]
    title = f"{survey_key}: invitations of each {unit} (UTC), {days[0]} to {days[-1]}"
    chart = _make_chart(bars, title, _note(days, in_part, unit))

    def finish(root: Any) -> Any:
        strip(root)
        _dress(root, bars)
        name_picture(root, "invitations", title, _describe(bars, days, in_part, unit))
        _add_ground(root)
        round_numbers(root)
        return root

    return f"{render(chart, finish)}\n"


def _make_chart(bars: Sequence[tuple[str, Mapping[date, int]]], title: str, note: str) -> Any:
    dates = list(bars[0][1])
    step = _step(max(count for _, counts in bars for count in counts.values()))
    highest = max(step, *(-(-count // step) * step for _, counts in bars for count in counts.values()))
    chart = pygal.Bar(
        width=WIDTH,
        height=HEIGHT,
        margin=MARGIN,
        title=title,
        x_title=note,
        range=(0, highest),
        no_data_text="No invitations",
        truncate_label=WHOLE_LABELS,
        truncate_legend=WHOLE_LABELS,
        show_legend=len(bars) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=len(bars),
        x_labels_major_every=-(-len(dates) // DATES_MAX),
        show_minor_x_labels=False,
        disable_xml_declaration=True,
        js=(),
        spacing=6,
        style=pygal.style.Style(
            font_family="inherit",
            title_font_size=TITLE_SIZE,
            label_font_size=TEXT_SIZE,
            major_label_font_size=TEXT_SIZE,
            legend_font_size=TEXT_SIZE,
        ),
    )
    chart.x_labels = [day.isoformat() for day in dates]
    chart.y_labels = [{"value": mark, "label": f"{mark:,}"} for mark in range(0, highest + 1, step)]
    for label, counts in bars:
        # No bar where nothing is, not one of height 0.
        chart.add(f"{label}: {sum(counts.values()):,}", [count or None for count in counts.values()])
    return chart


def _step(highest: int) -> int:
    """From one number of the axis to the next: 1, 2 or 5, or ten times as much, and so on."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if highest <= step * MARKS_MAX:
                return step
        size *= 10


def _by_week(days: Mapping[date, int]) -> dict[date, int]:
    """Monday → invitations of its week."""
    counts: Counter[date] = Counter()
    for day, count in days.items():
        counts[day - timedelta(days=day.weekday())] += count
    return dict(counts)


def _note(days: Sequence[date], in_part: Collection[date], unit: str) -> str:
    parts = ["Weeks begin on Monday"] if unit == "week" else []
    if in_part:
        named = " and ".join(str(day) for day in days if day in in_part)
        parts.append(f"{named} only in part")
    return "; ".join(parts)


def _describe(
    bars: Sequence[tuple[str, Mapping[date, int]]],
    days: Sequence[date],
    in_part: Collection[date],
    unit: str,
) -> str:
    said = [_describe_series(label, counts, unit) for label, counts in bars]
    note = _note(days, in_part, unit)
    return " ".join([*said, f"{note}."] if note else said)


def _describe_series(label: str, counts: Mapping[date, int], unit: str) -> str:
    total = sum(counts.values())
    if not total:
        return f"{label}: no invitations."
    busiest = max(counts, key=lambda day: counts[day])
    named = ", ".join(f"{day}: {count:,}" for day, count in counts.items() if count)
    most = f"at most {counts[busiest]:,} of a {unit}, {busiest}"
    return f"{label}: {total:,} invitations, {most}. By {unit}, none where none is named: {named}."


def _dress(root: Any, bars: Sequence[tuple[str, Mapping[date, int]]]) -> None:
    """Give each part the class of its look, and its place where pygal leaves that to its own style."""
    _dress_axes(root)
    for node in root.findall(".//text"):
        if "title" in node.get("class", ""):
            node.set("class", "title" if "plot_title" in node.get("class") else "note")
            node.set("text-anchor", "middle")
    for index, (label, counts) in enumerate(bars):
        named = [f"{day}: {count:,} ({label})" for day, count in counts.items() if count]
        found = root.findall(f".//g[@class='series serie-{index} color-{index}']/g/g/rect")
        for rect, text in zip(found, named, strict=True):
            _narrow(rect)
            _paint(rect, index)
            title = rect.makeelement("title", {})
            title.text = text
            rect.append(title)
        if len(bars) > 1:
            legend = root.find(f".//g[@id='activate-serie-{index}']")
            legend.attrib.pop("id")
            legend.set("class", "legend")
            _paint(legend.find("rect"), index)


def _dress_axes(root: Any) -> None:
    for group in root.findall(".//g[@class='axis x']/g"):
        group.remove(group.find("path"))
        group.find("text").set("text-anchor", "middle")
        group.find("text").set("class", "mark")
    for text in root.findall(".//g[@class='axis y always_show']/g/text"):
        text.set("text-anchor", "end")
        text.set("class", "mark")
    for line in root.findall(".//path"):
        is_guide = "guide" in line.get("class", "") and "axis" not in line.get("class", "")
        line.set("class", "guide line" if is_guide else "line")
        line.attrib |= {"fill": "none", "stroke": "#e6e8ee" if is_guide else "#c3c8d4"}


def _paint(rect: Any, index: int) -> None:
    rect.set("class", SERIES_CLASSES[index])
    rect.attrib |= _FALLBACKS[index]


def _narrow(rect: Any) -> None:
    left, width = float(rect.get("x")), float(rect.get("width"))
    narrow = min(width, BAR_WIDTH_MAX)
    rect.attrib |= {"x": str(left + (width - narrow) / 2), "width": str(narrow)}


def _add_ground(root: Any) -> None:
    """Bring the style along, and something behind the picture that fits it."""
    style = root.makeelement("style", {})
    style.text = (files("afterword.web") / "static" / "charts.css").read_text(encoding="utf-8") + _STYLE
    ground = root.makeelement("rect", {"class": "ground", "width": "100%", "height": "100%", "fill": "#fff"})
    # Behind the name and the description, which have to come first.
    root.insert(2, style)
    root.insert(3, ground)
    root.attrib |= {"width": str(WIDTH), "height": str(HEIGHT)}
