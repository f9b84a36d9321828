"""What remains of the handles of a person who was erased?"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from afterword.domain.people.identity import IdentityKind, IdentityRules, Known, normalise
from afterword.kit.signing import Signer

_PURPOSE = "tombstone"
_KEY_PURPOSE = "erased-key"


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

    def readings(self, kind: IdentityKind, value: str, rules: IdentityRules) -> list[bytes]:
        """The hashes of all that a normalised handle may stand for by the rules of all projects."""
        return [self.hash(kind, one) for one in rules.readings(kind, value, 0)]

    def names_erased(
        self,
        handles: Mapping[IdentityKind, str],
        erased: AbstractSet[bytes],
        known: Known,
        rules: IdentityRules,
        project_id: int,
    ) -> bool:
        """
        Whether one of an event's handles means somebody who was erased.

        Args:
            handles: As sent; each is read as the rules say, until a reading is somebody's who is there.
            erased: The hashes that are kept.
        """
        if not erased:
            return False
        for kind, handle in handles.items():
            for reading in rules.readings(kind, normalise(kind, handle), project_id):
                if self.hash(kind, reading) in erased:
                    return True
                if known.get((kind, reading)) is not None:
                    break
        return False

    def conceal(self, key: str, digest: bytes) -> tuple[str, bytes]:
        """An Idempotency-Key and the digest of its event, so that the same two fit again and say nothing."""
        return (
            self.signer.digest(_KEY_PURPOSE, key).hex(),
            self.signer.digest(_KEY_PURPOSE, digest.hex()),
        )
