"""Which addresses do we hand out, and whom do they let in?"""

from dataclasses import dataclass
from urllib.parse import urlencode

from afterword.kit.signing import Signer

_ANSWER = "answer"
_UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Links:
    """Makes and reads signed links. A link is a secret: never logged, never sent to anyone else."""

    signer: Signer
    base_url: str

    def answer(self, invitation_id: int, preselect: dict[str, str] | None = None) -> str:
        """Where an invited person answers; ``preselect`` fills in, and records nothing."""
        query = f"?{urlencode(preselect)}" if preselect else ""
        return f"{self.base_url}/answer/{self.signer.sign(_ANSWER, invitation_id)}{query}"

    def read_answer(self, token: str) -> int | None:
        """The token of an answer link → invitation id; None for one that we did not make."""
        return self.signer.read(_ANSWER, token)

    def unsubscribe(self, person_id: int) -> str:
        """Where a person ends all surveys."""
        return f"{self.base_url}/unsubscribe/{self.signer.sign(_UNSUBSCRIBE, person_id)}"

    def read_unsubscribe(self, token: str) -> int | None:
        """The token of an unsubscribe link → person id; None for one that we did not make."""
        return self.signer.read(_UNSUBSCRIBE, token)

    def admin(self, secret: str) -> str:
        """Where staff pages are opened with a one-time secret."""
        return f"{self.base_url}/admin/{secret}"
