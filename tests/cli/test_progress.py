"""Is long work told, and short work not?"""

import pytest

from afterword.cli.progress import SHOWN_AFTER_US, Progress
from tests.storage.support import FakeClock


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    progress = Progress(clock)
    clock.advance_us(SHOWN_AFTER_US - 1)
    progress("copying", 1, 2)
    assert capsys.readouterr().err == ""


def test_long_work_tells_each_tenth_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    progress = Progress(clock)
    clock.advance_us(SHOWN_AFTER_US)
    for done in range(1_001):
        progress("copying", done, 1_000)
    expected = ["copying: 0 %", *(f"copying: {tenth}0 %" for tenth in range(1, 11))]
    assert capsys.readouterr().err.splitlines() == expected
