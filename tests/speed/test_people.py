"""Does an import take as much memory for many people as for few?"""

from pathlib import Path

import pytest

from tests.speed.people import measure
from tests.support.postgres import Databases

FEW, MANY = 2_000, 20_000
BYTES_A_ROW_MAX = 500
"""Who a row was about is told at the end; the records themselves would take ten times that."""


@pytest.mark.timeout(300)
def test_the_memory_of_an_import_stays_flat(tmp_path: Path, database_kind: str, databases: Databases) -> None:
    peaks_mb = []
    for rows in (FEW, MANY):
        folder = tmp_path / str(rows)
        folder.mkdir()
        url = databases.make(database_kind)
        peaks_mb.append(measure(folder, rows, url, runs=["import"])["peak_mb"])
        databases.drop(url)
    assert peaks_mb[1] - peaks_mb[0] < (MANY - FEW) * BYTES_A_ROW_MAX / 1e6
