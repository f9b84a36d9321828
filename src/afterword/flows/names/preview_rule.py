"""Which events would a rule touch, and which names?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from afterword.domain.errors import ConflictError
from afterword.domain.people.identity import IdentityKind, IdentityRules
from afterword.flows.names.manage_rules import Draft, check_draft, refuse_owned
from afterword.flows.names.read_names import Meaning, Who, find_meaning, names_of, readings_of, who_of
from afterword.kit.clock import Clock
from afterword.storage import event_handles, identity_rules, people, projects
from afterword.storage.engine import Connection, Database
from afterword.storage.identity_rules import IdentityRule

EVENTS_AT_ONCE = 10_000

EVENTS_LOOKED_AT_MAX = 1_000_000
"""The newest ones; they show what a rule does, and take about twenty seconds."""

NAMES_KEPT_MAX = 10_000
"""Names that are told one by one; the rest is only counted, as events."""

NameKey = tuple[IdentityKind, str, int]


@dataclass(frozen=True, slots=True)
class Touched:
    """A name that a rule would give another meaning: in which project, in how many events, and which."""

    kind: IdentityKind
    value: str
    project_name: str
    events: int
    before: str
    after: str


@dataclass(slots=True)
class Preview:
    """
    What a rule would do to stored events.

    Attributes:
        looked_at: Events, the newest ones.
        touched: Those that have a name with another meaning.
        names: Those names, of most events first.
        refusal: Why it can't be added all the same; None when it can.
    """

    looked_at: int = 0
    touched: int = 0
    names: list[Touched] = field(default_factory=list)
    refusal: str | None = None


def preview_rule(
    database: Database,
    clock: Clock,
    draft: Draft,
    on_progress: Callable[[str, int, int], None] = lambda what, done, of: None,
) -> Preview:
    """
    Say what a rule would do, and do nothing.

    Raises:
        InvalidInputError, NotFoundError, ConflictError: As ``add_rule``; but of names that have owners it is
            told what would become of them, and ``refusal`` says whose they are.
    """
    with database.read() as connection:
        rule = check_draft(connection, clock, draft)
        present = identity_rules.list_rules(connection)
        last = newest = event_handles.last_id(connection)
        refusal = _refusal(connection, rule)
    look = _Look(Preview(), identity_rules.combine(present), identity_rules.combine([*present, rule]))
    while last > 0 and look.preview.looked_at < EVENTS_LOOKED_AT_MAX:
        first = max(1, last - EVENTS_AT_ONCE + 1)
        with database.read() as connection:
            found = event_handles.list_from(connection, first, last, EVENTS_AT_ONCE)
            look.add(connection, Counter(map(who_of, found)))
        on_progress("reading events", newest - first + 1, min(newest, EVENTS_LOOKED_AT_MAX))
        last = first - 1
    look.preview.refusal = refusal
    with database.read() as connection:
        return look.finish(connection)


def _refusal(connection: Connection, rule: IdentityRule) -> str | None:
    try:
        refuse_owned(connection, rule)
    except ConflictError as error:
        return str(error)
    return None


class _Look:
    """What was seen so far."""

    def __init__(
        self,
        preview: Preview,
        before: IdentityRules,
        after: IdentityRules,
    ) -> None:
        self.preview = preview
        self._rules = before, after
        self._names: Counter[NameKey] = Counter()
        self._meanings: dict[NameKey, tuple[int | Meaning, int | Meaning]] = {}

    def add(self, connection: Connection, events: Counter[Who]) -> None:
        """Look at some events: whom they name → how many."""
        wanted = {reading for who in events for rules in self._rules for reading in readings_of(who, rules)}
        known = people.find_owners(connection, wanted)
        self.preview.looked_at += events.total()
        for who, count in events.items():
            changed = False
            for kind, name in names_of(who).items():
                before, after = (find_meaning(kind, name, known, rules, who[0]) for rules in self._rules)
                if before != after:
                    changed = True
                    self._note((kind, name, who[0]), before, after, count)
            self.preview.touched += count if changed else 0

    def _note(self, key: NameKey, before: int | Meaning, after: int | Meaning, events: int) -> None:
        if key in self._meanings or len(self._meanings) < NAMES_KEPT_MAX:
            self._meanings[key] = before, after
            self._names[key] += events

    def finish(self, connection: Connection) -> Preview:
        """Put what was seen into words."""
        ids = {one for pair in self._meanings.values() for one in pair if isinstance(one, int)}
        persons = people.get_people(connection, ids)
        titles = {project.id: project.name for project in projects.list_projects(connection)}

        def word(meaning: int | Meaning) -> str:
            if isinstance(meaning, Meaning):
                return meaning.value
            person = persons.get(meaning)
            return "somebody" if person is None else f"{person.name} <{person.email}>"

        for (kind, name, project_id), events in self._names.most_common():
            before, after = self._meanings[kind, name, project_id]
            title = titles.get(project_id, "")
            self.preview.names.append(Touched(kind, name, title, events, word(before), word(after)))
        return self.preview
