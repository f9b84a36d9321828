"""Where are the figures written down? Between two marks of docs/explanation/performance.md."""

import platform
import textwrap
from collections.abc import Sequence
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "performance.md"
LINE_CHARS = 120
BEGIN, END = "<!-- measured -->\n", "<!-- end of what was measured -->\n"


def write_page(tables: Sequence[tuple[str, str, Sequence[str]]], rounds: int, seconds: float) -> None:
    """Put (title, note, lines) of each table in place of the last run's."""
    cpu = next(
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    machine = (
        f"`make bench` on {cpu}, Python {platform.python_version()}, {platform.system()}; "
        f"{rounds} rounds of {seconds:g} s."
    )
    parts = [
        machine,
        *(
            "\n".join(
                [
                    f"### {title}",
                    "",
                    *lines,
                    *([""] if lines and note else []),
                    *textwrap.wrap(note, LINE_CHARS),
                ]
            )
            for title, note, lines in tables
        ),
    ]
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n\n".join(parts) + f"\n\n{END}{after}")
    print(f"Written to {PAGE}.")
