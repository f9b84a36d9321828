"""How does a command show people how far it is? On standard error, a line for each tenth of long work."""

import click

from afterword.kit.clock import SECOND_US, Clock, SystemClock

SHOWN_AFTER_US = 2 * SECOND_US
"""Work that is shorter needs no progress, and a mail from cron each day no lines about it."""


class Progress:
    """Prints what is being done; called as ``kit.progress.OnProgress``."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._began_at_us = self._clock.steady_us()
        self._shown: tuple[str, int] | None = None

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say so, unless it was said already."""
        tenths = 10 * done // of if of else 10
        is_long = self._clock.steady_us() - self._began_at_us >= SHOWN_AFTER_US
        if is_long and (what, tenths) != self._shown:
            self._shown = what, tenths
            click.echo(f"{what}: {10 * tenths} %", err=True)
