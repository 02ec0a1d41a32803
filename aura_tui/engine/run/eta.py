"""What one running job looks forward to, and what it will leave: its ETA and its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.engine.run import manifest as manifest_
from aura_tui.engine.run.history import likely_work
from aura_tui.engine.run.retry_plan import plan_steps, shares_of
from aura_tui.model import eta

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.engine.home import Home
    from aura_tui.engine.store.store import Record
    from aura_tui.model.job import Eta
    from aura_tui.model.stages import Stage
    from aura_tui.pipeline.cache import ArtifactCache
    from aura_tui.settings import Settings


class EtaTracker:
    """Of one run of a job. ``work`` is a guess until Voice has told; Composition has the word."""

    def __init__(
        self,
        record: Record,
        home: Home,
        settings: Settings,
        pieces: ArtifactCache,
        history: Callable[[], eta.History],
    ) -> None:
        self.work = likely_work(record.request)
        self._job = record.job
        self._home = home
        self._pieces = pieces
        self._history = history
        self._setups = manifest_.setups(settings)
        self._manifest = manifest_.StageManifest()
        self._shares: eta.Shares = {}

    def look_back(self) -> None:
        """See what is there from before: from the job's own earlier run, else from the job that
        it is a retry of. Reads files: call it in a thread."""
        self._manifest = manifest_.of_job(self._home, self._job)
        self.work = self._manifest.work or self.work
        self._shares = shares_of(plan_steps(self._manifest, self._setups, self._pieces.has))

    def found(self, stage: Stage, percent: float) -> None:
        """``stage`` has come to ``percent`` by what was there alone: that cost no time. Of a run
        that was killed no ledger tells it."""
        left = 1.0 - min(100.0, max(0.0, percent)) / 100.0
        self._shares = {**self._shares, stage: min(self._shares.get(stage, 1.0), left)}

    def remaining(self, stage: Stage, percent: float, elapsed_s: float) -> Eta | None:
        """Time to the job's end, ``elapsed_s`` into ``stage`` at ``percent`` of it."""
        return eta.estimate(
            self._history(),
            self.work,
            stage=stage,
            percent=percent,
            elapsed_s=elapsed_s,
            shares=self._shares,
        )

    def span(self, stage: Stage, percent: float) -> tuple[float, float]:
        """From which percent of the job to which one ``stage`` takes it, where the ones before it
        have come to ``percent``: by the time that the rest of them takes, as earlier runs tell it,
        so that the percent grows as the time passes. Where none tells, by the stage's share."""
        part = eta.part(self._history(), self.work, stage, self._shares)
        if part is None:
            return max(percent, stage.start_percent), max(percent, stage.end_percent)
        return percent, percent + (100.0 - percent) * part

    def over(self, stage: Stage, keys: list[str], made: int) -> None:
        """``stage`` ended, whichever way: it asked for ``keys`` and made so many of them."""
        entry = manifest_.StageKeys(tuple(keys), self._setups[stage])
        self._note(self._manifest.after(stage, entry, same=made == 0))

    def scenes(self, count: int) -> None:
        """The script has so many."""
        self._note(replace(self._manifest, scenes=count))

    def guess(self, work: eta.Work) -> None:
        """How much there likely is to do, where no earlier run of the same has told."""
        if self._manifest.work is None:
            self.settle(work)

    def settle(self, work: eta.Work) -> None:
        """How much there is to do is known now."""
        self.work = work
        self._note(replace(self._manifest, work=work))

    def _note(self, manifest: manifest_.StageManifest) -> None:
        if manifest != self._manifest:
            self._manifest = manifest
            manifest_.save(manifest, self._home.ledger(self._job.id))
