"""Do the numbers of the ledger read as what they are?"""

from typing import Any

import pytest

from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_reason import explain_verdict

SPENT = {"quota": 10, "response_rate": 0.5, "responses": 9, "open": 2}


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        ({}, "9 responses and 2 open"),
        ({"cell": "Berlin"}, "9 responses of the cell Berlin and 2 open"),
        ({"cell": "all"}, "9 responses of the cell all and 2 open"),
        ({"cell": ""}, "9 responses of people without a value and 2 open"),
    ],
)
def test_a_cell_with_any_value_reads_unlike_the_whole_quota(whose: dict[str, Any], words: str) -> None:
    assert explain_verdict(Verdict(Reason.QUOTA_FULL, passed=False, saw=whose | SPENT)).startswith(words)
