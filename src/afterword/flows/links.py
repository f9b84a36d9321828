"""Which addresses do we hand out, and whom do they let in?"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from afterword.kit.clock import to_us
from afterword.kit.signing import Signer

_ANSWER = "answer"
_PERSON = "person"
_UNSUBSCRIBE = "unsubscribe"


class Ticket(NamedTuple):
    """
    Whom a link lets in.

    Attributes:
        id: Of an invitation or a person.
        mark: What only that one had. After a restore ids are given out again, and a link that was made
            before must not open what got its number since.
    """

    id: int
    mark: str


def person_mark(created_at: datetime) -> str:
    """The mark of a person: when the directory got to know them, to the microsecond."""
    # As hex: more digits would be packed, and then begin with a dot, which proxies take for a hidden file.
    return f"{to_us(created_at):x}"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads signed links. A link is a secret: never logged, never sent to anyone else."""

    signer: Signer
    base_url: str

    def answer(self, invitation_id: int, message_id: str, preselect: dict[str, str] | None = None) -> str:
        """Where an invited person answers; ``preselect`` fills in, and records nothing."""
        query = f"?{urlencode(preselect)}" if preselect else ""
        return f"{self.base_url}/answer/{self.signer.sign_marked(_ANSWER, invitation_id, message_id)}{query}"

    def read_answer(self, token: str) -> Ticket | None:
        """The token of an answer link → which invitation; None for one that we did not make."""
        return self._read(_ANSWER, token)

    def person(self, person_id: int, created_at: datetime) -> str:
        """Where a person sees what is known about them, and says what they want."""
        return f"{self.base_url}/me/{self._sign(_PERSON, person_id, created_at)}"

    def read_person(self, token: str) -> Ticket | None:
        """The token of a person's link → which person; None for one that we did not make."""
        return self._read(_PERSON, token)

    def unsubscribe(self, person_id: int, created_at: datetime) -> str:
        """Where a person ends all surveys."""
        return f"{self.base_url}/unsubscribe/{self._sign(_UNSUBSCRIBE, person_id, created_at)}"

    def read_unsubscribe(self, token: str) -> Ticket | None:
        """The token of an unsubscribe link → which person; None for one that we did not make."""
        return self._read(_UNSUBSCRIBE, token)

    def admin(self, secret: str) -> str:
        """Where staff pages are opened with a one-time secret."""
        return f"{self.base_url}/admin/{secret}"

    def _sign(self, purpose: str, person_id: int, created_at: datetime) -> str:
        return self.signer.sign_marked(purpose, person_id, person_mark(created_at))

    def _read(self, purpose: str, token: str) -> Ticket | None:
        found = self.signer.read_marked(purpose, token)
        return None if found is None else Ticket(*found)
