"""Do the alerts for Prometheus ask for what there is, and say what to do?"""

import re
from typing import Any

import pytest
import yaml

from afterword.web.health import OUTCOMES
from tests.house.test_docs import ROOT, code, documented_metrics, exposed_metrics, rows

FILE = ROOT / "deploy" / "prometheus" / "alerts.yml"
GUIDE = ROOT / "docs" / "how-to" / "watch-with-grafana.md"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]
]

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@each_rule
def test_a_rule_names_only_metrics_that_there_are(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\bafterword_\w+", rule["expr"]))
    assert named - documented_metrics().keys() == set()
    assert named - exposed_metrics().keys() == set()
    assert named or "up{" in rule["expr"]


@each_rule
def test_a_rule_names_only_outcomes_that_there_are(rule: dict[str, Any]) -> None:
    assert set(re.findall(r'outcome="(\w+)"', rule["expr"])) <= set(map(str, OUTCOMES))


@each_rule
def test_every_metric_of_a_rule_is_of_the_job(rule: dict[str, Any]) -> None:
    series = re.findall(r"\b(?:up|afterword_\w+)(\{[^}]*\})?", re.sub(r'"[^"]*"', "", rule["expr"]))
    assert series
    assert all("job=" in labels for labels in series)
    assert rule["expr"].count("(") == rule["expr"].count(")")


@each_rule
def test_only_counters_are_read_as_growing_and_only_gauges_as_moving(rule: dict[str, Any]) -> None:
    kinds = documented_metrics()
    assert {kinds[name] for name in re.findall(r"(?:rate|increase)\((\w+)", rule["expr"])} <= {"counter"}
    assert {kinds[name] for name in re.findall(r"(?:delta|deriv)\((\w+)", rule["expr"])} <= {"gauge"}


@each_rule
def test_a_rule_says_how_bad_it_is_what_happened_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description"}
    assert rule["annotations"]["description"].endswith(".")


def test_every_alert_is_in_the_guide_and_no_other_is() -> None:
    described = [code(row[0]) for row in rows(GUIDE)]
    assert described == [rule["alert"] for rule in RULES]


def test_the_troubles_that_matter_have_an_alert() -> None:
    text = " ".join(rule["expr"] for rule in RULES)
    for sign in ("up{", "service_unavailable", "worker_lag", "jobs_dead", "events_accepted", "responses"):
        assert sign in text
