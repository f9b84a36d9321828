"""Does the Grafana dashboard show metrics that there are, and all of them?"""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

from tests.house.test_docs import documented_metrics, exposed_metrics

FILE = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "afterword.json"
DASHBOARD: dict[str, Any] = json.loads(FILE.read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
COLUMNS = 24
SERIES_OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


def expressions() -> list[str]:
    """Every query of the dashboard."""
    queries = [
        variable["definition"] for variable in DASHBOARD["templating"]["list"] if "definition" in variable
    ]
    return queries + [target["expr"] for panel in PANELS for target in panel["targets"]]


def metrics_named() -> set[str]:
    """Every metric of a query, a histogram by its own name."""
    known = documented_metrics()
    found = set()
    for name in re.findall(r"\bafterword_\w+", " ".join(expressions())):
        of_histogram = [name.removesuffix(end) for end in SERIES_OF_HISTOGRAMS if name.endswith(end)]
        found |= {base for base in of_histogram if known.get(base) == "histogram"} or {name}
    return found


def test_every_metric_it_names_is_documented_and_exported() -> None:
    assert metrics_named() - documented_metrics().keys() == set()
    assert metrics_named() - exposed_metrics().keys() == set()


def test_every_metric_is_on_it() -> None:
    assert documented_metrics().keys() - metrics_named() == set()


def test_a_histogram_is_read_by_its_buckets() -> None:
    for name, kind in documented_metrics().items():
        if kind == "histogram":
            assert any(
                f"histogram_quantile(0.99, sum by (le) (rate({name}_bucket{{" in text
                for text in expressions()
            )


def test_a_counter_is_read_as_a_rate_or_as_a_whole_and_a_gauge_never_as_a_rate() -> None:
    text = " ".join(expressions())
    for name, kind in documented_metrics().items():
        if kind == "gauge":
            assert not re.search(rf"(rate|increase)\({name}\b", text), name


def test_every_query_is_of_the_job_and_the_data_source_that_are_chosen() -> None:
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource", "job"]
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert target["expr"].count("afterword_") == target["expr"].count('job="$job"'), target["expr"]


def test_panels_have_a_name_an_explanation_and_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["description"].endswith(".")
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= COLUMNS
    for one, other in combinations([panel["gridPos"] for panel in PANELS], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
