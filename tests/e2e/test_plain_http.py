"""Do pages work where there is no TLS, and a browser therefore says less about what it sends?"""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.browser import HOST
from tests.support.server import RunningServer


def test_staff_sign_in_and_out(tmp_path: Path, browser: Browser) -> None:
    with RunningServer(tmp_path / "data") as server:
        said = server.cli("admin", "link")
        found = re.search(r"http://[^/\s]+:([0-9]+)(/\S+)", said)
        assert found is not None, said
        with browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(f"http://{HOST}:{found[1]}{found[2]}")
            page.get_by_role("button").click()
            expect(page).to_have_url(f"http://{HOST}:{found[1]}/surveys")
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
