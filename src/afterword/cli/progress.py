"""How does a command show people how far it is? On standard error, a line for each tenth."""

import click


class Progress:
    """Prints what is being done; called as ``kit.progress.OnProgress``."""

    def __init__(self) -> None:
        self._shown: tuple[str, int] | None = None

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say so, unless it was said already."""
        tenths = 10 * done // of if of else 10
        if (what, tenths) != self._shown:
            self._shown = what, tenths
            click.echo(f"{what}: {10 * tenths} %", err=True)
