"""Is each reason on its page, with an example that the product would print and what can be done?"""

from pathlib import Path

import pytest

from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_reason import _EXPLAINED, explain_reason, explain_verdict
from tests.house.reason_examples import EXAMPLES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "reasons.md").read_text()
SECTIONS = {heading: text for part in PAGE.split("\n## ")[1:] for heading, _, text in [part.partition("\n")]}

pytestmark = pytest.mark.docs


def test_each_reason_has_a_section_in_the_order_of_the_codes_and_nothing_else_has() -> None:
    assert list(SECTIONS) == [f"{reason.value} `{reason.label}`" for reason in sorted(Reason)]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_it_says_what_the_product_says(reason: Reason) -> None:
    text = SECTIONS[f"{reason.value} `{reason.label}`"]
    assert explain_reason(reason) in text
    seen = explain_verdict(Verdict(reason, passed=False, saw=EXAMPLES.get(reason, {})))
    assert bool(seen) is (reason in _EXPLAINED)
    if seen:
        assert f"{reason.value} {reason.label}: {seen}\n" in text
    assert "**What to do.**" in text or "**What it means.**" in text
