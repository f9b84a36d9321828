"""What remains of the handles of a person who was erased?"""

from collections.abc import Iterable
from dataclasses import dataclass

from afterword.domain.identity import IdentityKind
from afterword.kit.signing import Signer

_PURPOSE = "tombstone"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Makes the keyed hashes by which erased people's handles are recognised, and nothing else."""

    signer: Signer

    def hash(self, kind: IdentityKind, value: str) -> bytes:
        """The hash of a normalised handle."""
        return self.signer.digest(_PURPOSE, f"{kind.value}\0{value}")

    def hashes(self, handles: Iterable[tuple[IdentityKind, str]]) -> dict[tuple[IdentityKind, str], bytes]:
        """Handle → its hash."""
        return {handle: self.hash(*handle) for handle in handles}
