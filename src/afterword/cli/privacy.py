"""``afterword people export``, ``erase`` …: what does somebody leave with us, and how does it go?"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from afterword.bootstrap import Parts
from afterword.cli.open import open_app
from afterword.cli.progress import Progress
from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.flows.people import erased_people
from afterword.flows.people.erase_person import Erased, Eraser
from afterword.flows.people.export_person import export_person
from afterword.flows.upkeep.prepare_schema import BACKUP_FOLDER
from afterword.flows.upkeep.retain import retain
from afterword.storage.people import Person

FILE_MODE = 0o600

_NOUNS = {
    "answer": ("answer", "answers"),
    "attribute_value": ("value of an attribute", "values of attributes"),
    "attribution": ("attribution", "attributions"),
    "decision": ("decision", "decisions"),
    "directory_source": ("line about a source", "lines about sources"),
    "event": ("event", "events"),
    "idempotency": ("idempotency key", "idempotency keys"),
    "identity": ("name", "names"),
    "invitation": ("invitation", "invitations"),
    "job": ("job", "jobs"),
    "mails": ("mail", "mails"),
    "notice": ("notice", "notices"),
    "opt_out": ("wish", "wishes"),
    "person": ("person", "people"),
    "person_merge": ("merge", "merges"),
    "response": ("response", "responses"),
    "source_member": ("id of a source", "ids of sources"),
    "unresolved": ("unknown name", "unknown names"),
}
"""Table → how people call one row and several."""


@click.command()
@click.argument("who")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write into this new file.")
def export(who: str, output: Path | None) -> None:
    """Print all that is kept about a person, named by an address or a user name, as JSON."""
    with open_app() as parts:
        subject = _get_subject(parts, who)
        pieces = export_person(parts.database, parts.clock, subject.id, with_named=True)
        if output is None:
            for piece in pieces:
                click.echo(piece, nl=False)
            return
        try:
            with os.fdopen(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE), "w") as file:
                file.writelines(pieces)
        except FileExistsError:
            raise ConflictError(f"{output} is there already: choose another name") from None
        except OSError as error:
            raise InvalidInputError(f"can't write {output}: {error.strerror}") from error
    click.echo(f"Wrote {output}, readable by you only.")


@click.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--no-rewrite", is_flag=True, help="Don't write the tables anew: their files keep bytes of it.")
def erase(who: str, yes: bool, no_rewrite: bool) -> None:
    """
    Erase a person, named by an address or a user name, with all they did and answered.

    Somebody who is not in the directory is erased, too: events that name them may be stored.
    """
    with open_app() as parts:
        person = erased_people.find_subject(parts.database, who)
        click.echo(_what_goes(parts, who, person, rewrites=not no_rewrite))
        _confirm(who if person is None else person.email, yes)
        eraser = _eraser(parts, rewrites=not no_rewrite)
        done = eraser.erase_stranger(who) if person is None else eraser.erase_person(person.id)
        _tell(parts, done, rewrites=not no_rewrite)


@click.command()
def erased() -> None:
    """Print the keyed hashes of erased people's handles, to be kept beside the backups."""
    with open_app() as parts:
        for one in erased_people.list_erased(parts.database):
            click.echo(one)


@click.command(name="erase-again")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def erase_again(file: Path) -> None:
    """Erase whoever is on a list that `afterword people erased` printed, after a backup was restored."""
    try:
        hashes = file.read_text(errors="replace").split()
    except OSError as error:
        raise InvalidInputError(f"can't read {file}: {error.strerror}") from error
    with open_app() as parts:
        _tell(parts, _eraser(parts, rewrites=True).erase_again(hashes), rewrites=True)


@click.command(name="forget-erased")
@click.argument("handle")
def forget_erased(handle: str) -> None:
    """Let the address or user name of somebody who was erased be used again."""
    with open_app() as parts:
        if not erased_people.forget_erased(parts.database, parts.tombstones, handle):
            raise NotFoundError("nobody who was erased had this name")
    click.echo("It may be used again: import the person, and events count from now on.")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def retention(dry_run: bool) -> None:
    """Let go what is kept for longer than AFTERWORD_KEEP_… say; the worker does it by itself."""
    with open_app() as parts:
        counts = retain(parts.database, parts.clock, parts.keeping, parts.mailbox, dry_run=dry_run)
    told = _rows(counts)
    if not told:
        click.echo("Nothing is over.")
        return
    click.echo(f"{'Would go' if dry_run else 'Gone'}: {told}.")


COMMANDS = (export, erase, erased, erase_again, forget_erased)
"""What ``afterword people`` gets."""


def _eraser(parts: Parts, *, rewrites: bool) -> Eraser:
    return Eraser(
        parts.database,
        parts.clock,
        parts.tombstones,
        parts.mailbox,
        rewrites=rewrites,
        on_progress=Progress(),
    )


def _get_subject(parts: Parts, who: str) -> Person:
    person = erased_people.find_subject(parts.database, who)
    if person is not None:
        return person
    if erased_people.is_erased(parts.database, parts.tombstones, who):
        raise NotFoundError("this person was erased: nothing is kept of them")
    raise NotFoundError("nobody has this name: `afterword people find` looks for parts of names")


def _what_goes(parts: Parts, who: str, person: Person | None, *, rewrites: bool) -> str:
    after = ". Then the tables are written anew, and events wait meanwhile" if rewrites else ""
    if person is None:
        is_erased = erased_people.is_erased(parts.database, parts.tombstones, who)
        state = "of somebody who was erased" if is_erased else "of nobody in the directory"
        return f"This name is {state}. What goes: events that name it{after}."
    found = json.loads("".join(export_person(parts.database, parts.clock, person.id, with_named=True)))
    counts = {name: len(rows) for name, rows in found.items() if isinstance(rows, list) and rows}
    answers = sum(len(one["response"]["answers"]) for one in found["invitations"] if one["response"])
    counts |= {"answers": answers} if answers else {}
    listed = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    what = f"{person.name} <{person.email}> goes for good, with {listed or 'nothing else'}."
    return f"{what} Counts of events stay{after}."


def is_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty()


def _confirm(typed: str, yes: bool) -> None:
    if yes:
        return
    if not is_terminal():
        raise InvalidInputError("this can't be undone: give --yes to do it without being asked")
    if click.prompt(f"This can't be undone. Type {typed} to go on", default="", show_default=False) != typed:
        raise InvalidInputError("that is something else: nothing was erased")


def _tell(parts: Parts, done: Erased, *, rewrites: bool) -> None:
    click.echo(f"Erased: {_rows(done.rows) or 'nothing that was still there'}.")
    if not done.is_clean and rewrites:
        text = "SQLite's log still holds bytes of it, since somebody reads all the time: erase again later."
        click.echo(text, err=True)
    folder = parts.settings.data / BACKUP_FOLDER
    if folder.is_dir() and any(folder.iterdir()):
        click.echo(f"Copies in {folder} still hold it: delete those that you no longer need.", err=True)


def _rows(counts: Mapping[str, int]) -> str:
    """Table → rows, in words."""
    named = [(_NOUNS.get(name, (name, name))[count != 1], count) for name, count in counts.items()]
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(named))
