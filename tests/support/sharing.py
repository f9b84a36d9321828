"""Which of the processes that run the tests runs which of them? `make test` starts two."""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TOGETHER = "tests/contract/"
"""One process runs all tests of it: they share servers, and scenarios that go on in the background."""

EARLY = ("tests/faults/", "tests/e2e/", "tests/speed/")
"""A few tests of many seconds each: at the end one process would wait for them."""

ALONE = ("tests/contract/test_storms.py", "tests/faults/test_overload.py")
"""They time a server, or need it to be busy with them only: nothing else may run meanwhile."""

DATABASE_KINDS = ("sqlite", "postgres")


class Sharing(LoadScopeScheduling):
    """
    Hands out the tests of a file, on one of the databases, to whoever has nothing left to do.

    What must be alone comes when all processes but one have ended.
    """

    def _split_scope(self, nodeid: str) -> str:
        """The part that a test belongs to."""
        file, _, test = nodeid.partition("::")
        if file in ALONE:
            return file
        if file.startswith(TOGETHER):
            return TOGETHER
        return f"{file} {next((kind for kind in DATABASE_KINDS if kind in test.partition('[')[2]), '')}"

    def _assign_work_unit(self, node: WorkerController) -> None:
        part = min(self.workqueue, key=_turn)
        if part not in ALONE or len(self.nodes) == 1:
            self.workqueue.move_to_end(part, last=False)
            super()._assign_work_unit(node)
        elif sum(not other.shutting_down for other in self.nodes) > 1:
            node.shutdown()

    def remove_node(self, node: WorkerController) -> str | None:
        """See the base; the last one that is left goes on."""
        crashed_at = super().remove_node(node)
        for other in self.nodes:
            self._reschedule(other)
        return crashed_at


def _turn(part: str) -> int:
    if part in ALONE:
        return 3
    return 0 if part == TOGETHER else 1 if part.startswith(EARLY) else 2
