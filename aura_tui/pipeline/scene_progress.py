"""Tracks which scenes of a stage are done and which are in progress, in any order."""

from __future__ import annotations

from collections import Counter


class SceneProgress:
    """The progress of ``total`` scenes, by number; several workers may share a scene."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._done: set[int] = set()
        self._active: Counter[int] = Counter()

    def start(self, scene: int) -> None:
        """One more worker starts on ``scene``."""
        self._active[scene] += 1

    def stop(self, scene: int) -> None:
        """One worker stops; ``scene`` may still have unfinished parts."""
        self._active[scene] -= 1
        if self._active[scene] <= 0:
            del self._active[scene]

    def finish(self, scene: int) -> None:
        """``scene`` is done, whether it was in progress or reused."""
        del self._active[scene]
        self._done.add(scene)

    @property
    def done(self) -> int:
        """How many scenes are done."""
        return len(self._done)

    @property
    def active(self) -> tuple[int, ...]:
        """The numbers of the scenes in progress, in order."""
        return tuple(sorted(self._active))
