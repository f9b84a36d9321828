"""Does a client that checks servers for RFC 7643 and RFC 7644 find nothing wrong with ours?"""

from pathlib import Path

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.support.server import RunningServer

CHECKS_MIN = 80
"""What there is to check with two kinds of resources; fewer, and it did not look at all of them."""


def test_scim2_tester_finds_nothing_wrong(tmp_path: Path, database_url: str | None) -> None:
    with RunningServer(tmp_path / "data", database_url) as server:
        printed = server.cli("token", "create", "Tester", "--scope", "scim")
        (token,) = (word for word in printed.split() if word.startswith("awo_"))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(base_url=f"{server.base_url}/scim/v2", headers=headers, timeout=60) as http:
            results = check_server(SyncSCIMClient(http))
        assert token not in server.log()
    wrong = [
        f"{one.status.name} {one.title} of {one.resource_type}: {one.reason}"
        for one in results
        if one.status is not Status.SUCCESS
    ]
    assert wrong == []
    assert len(results) >= CHECKS_MIN
