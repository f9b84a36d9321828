"""How are values printed for programs?"""

import json
from typing import Any

import click
import msgspec


def echo_json(value: Any) -> None:
    """Print a value as JSON that people can read, too; times are ISO 8601, in UTC with a Z."""
    click.echo(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))
