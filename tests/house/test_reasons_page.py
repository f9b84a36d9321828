"""Is each reason on its page, with an example that the product would print and what can be done?"""

from pathlib import Path

import pytest

from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_reason import _EXPLAINED, explain_reason
from tests.house.reason_examples import EXAMPLES, show_example

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "reasons.md").read_text()
SECTIONS = {heading: text for part in PAGE.split("\n## ")[1:] for heading, _, text in [part.partition("\n")]}

pytestmark = pytest.mark.docs


def test_each_reason_has_a_section_in_the_order_of_the_codes_and_nothing_else_has() -> None:
    assert list(SECTIONS) == [f"{reason.value} `{reason.label}`" for reason in sorted(Reason)]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.label)
def test_it_says_what_the_product_says(reason: Reason) -> None:
    text = SECTIONS[f"{reason.value} `{reason.label}`"]
    assert explain_reason(reason) in text
    assert f"```text\n{show_example(reason)}\n```\n" in text
    assert "**What to do.**" in text or "**What it means.**" in text


def test_each_rule_that_sees_something_has_an_example_of_it() -> None:
    assert EXAMPLES.keys() == _EXPLAINED.keys()
