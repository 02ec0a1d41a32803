"""Which scenes of a stage are done and which are at work. They needn't be done in their order."""

from __future__ import annotations

from collections import Counter


class SceneProgress:
    """``total`` scenes by number; one may be at work in several places at once."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._done: set[int] = set()
        self._active: Counter[int] = Counter()

    def begin(self, scene: int) -> None:
        """Work on ``scene`` begins, in one place more."""
        self._active[scene] += 1

    def rest(self, scene: int) -> None:
        """Work on ``scene`` has ended in one place; there may be more of it to come."""
        self._active[scene] -= 1
        if self._active[scene] <= 0:
            del self._active[scene]

    def end(self, scene: int) -> None:
        """``scene`` is done, whether anything was at work on it or it was there already."""
        del self._active[scene]
        self._done.add(scene)

    @property
    def done(self) -> int:
        """How many are done."""
        return len(self._done)

    @property
    def active(self) -> tuple[int, ...]:
        """The numbers of those at work, in order."""
        return tuple(sorted(self._active))
