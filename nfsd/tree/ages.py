"""The fallback for a catalog that cannot say what changed: nodes are forgotten by age.

What belongs to a run that is pending or running, and every directory that may get another name, is believed
for 30 seconds; what belongs to a run that is over, or to a committed artifact version, for 5 minutes. Both
ages have a queue, in the order in which their ends come, so an `expire` looks at nothing but what is due.
"""

from collections import deque
from collections.abc import Callable

from nfsd.tree.node import Node
from nfsd.tree.tree import Tree

MOVING_S = 30.0
SETTLED_S = 300.0


class Ages:
    """Gives every node that a tree keeps an age; `clock` tells seconds that only grow."""

    def __init__(self, tree: Tree, clock: Callable[[], float]) -> None:
        self._tree = tree
        self._clock = clock
        self._moving: deque[tuple[float, Node]] = deque()
        self._settled: deque[tuple[float, Node]] = deque()
        self._default_until = clock() + MOVING_S
        tree.kept = self._kept

    def expire(self) -> None:
        """Forget what is too old; to be called at least every second."""
        now = self._clock()
        due = []
        for queue in (self._moving, self._settled):
            while queue and queue[0][0] <= now:
                node = queue.popleft()[1]
                if self._tree.nodes.get(node.fileid) is node:
                    due.append(node.fileid)
        if due:
            self._tree.forget(due)
        if self._default_until <= now:
            self._default_until = now + MOVING_S
            self._tree.forget_default()

    def _kept(self, node: Node) -> None:
        if node.settled:
            self._settled.append((self._clock() + SETTLED_S, node))
        else:
            self._moving.append((self._clock() + MOVING_S, node))
