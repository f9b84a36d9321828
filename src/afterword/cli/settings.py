"""``afterword settings``: what is set?"""

import json

import click

from afterword.settings import describe, load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def settings(as_json: bool) -> None:
    """Show every setting and its value; secrets are masked."""
    rows = describe(load_settings())
    if as_json:
        click.echo(json.dumps({name: value for name, value, _ in rows}, indent=2))
        return
    for name, value, doc in rows:
        click.echo(f"{name}={value}\n    {doc}")
    click.echo("\nEach can also be a key of a TOML file that AFTERWORD_CONFIG names (data, port, …),")
    click.echo("and each variable can end in _FILE to be read from a file.")
