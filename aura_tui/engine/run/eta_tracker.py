"""The ETA of one running job, and the manifest that it leaves for a retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.engine.run import manifest as manifest_
from aura_tui.engine.run.history import expected_providers, likely_work
from aura_tui.engine.run.retry_plan import plan_steps, shares_of
from aura_tui.model import eta
from aura_tui.model.prior import likely_seconds, part_of_rest, prior_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.engine.home import Home
    from aura_tui.engine.store.store import Record
    from aura_tui.model.job import Eta
    from aura_tui.model.stages import Stage
    from aura_tui.pipeline.cache import ArtifactCache
    from aura_tui.settings import Settings


class EtaTracker:
    """Estimates the remaining time of one run of a job.

    ``work`` is a guess until Voice has ended; Composition makes it exact.
    """

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
        self._providers = expected_providers(record.request, settings)
        self._setups = manifest_.setups(settings)
        self._manifest = manifest_.StageManifest()
        self._shares: eta.Shares = {}

    def load_previous(self) -> None:
        """Load the manifest of the job's earlier run, or of the job that it retries. Reads files:
        call it in a thread."""
        self._manifest = manifest_.of_job(self._home, self._job)
        self.work = self._manifest.work or self.work
        self._shares = shares_of(plan_steps(self._manifest, self._setups, self._pieces.has))

    def reused_to(self, stage: Stage, percent: float) -> None:
        """``stage`` reached ``percent`` with reused pieces alone, which took no time. A run that
        was killed has no manifest entry for this stage."""
        left = 1.0 - min(100.0, max(0.0, percent)) / 100.0
        self._shares = {**self._shares, stage: min(self._shares.get(stage, 1.0), left)}

    def remaining(self, stage: Stage, percent: float, elapsed_s: float) -> Eta | None:
        """The time to the job's end, ``elapsed_s`` into ``stage`` at ``percent`` of it; None if
        there is no estimate."""
        return eta.estimate(
            self._history(),
            self.work,
            stage=stage,
            percent=percent,
            elapsed_s=elapsed_s,
            shares=self._shares,
        )

    def span(self, stage: Stage, percent: float) -> tuple[float, float]:
        """The job's percent at the start and the end of ``stage``; the stages before it ended at
        ``percent``.

        Based on the times of the remaining stages, so that percent is proportional to time: those
        of similar jobs here, or likely ones for a stage that none of them measured.
        """
        usual = eta.typical(self._history(), self.work)
        seconds = likely_seconds(
            {known: found.seconds for known, found in usual.items()},
            prior_seconds(self.work, self._providers),
        )
        return percent, percent + (100.0 - percent) * part_of_rest(seconds, stage, self._shares)

    def stage_ended(self, stage: Stage, keys: list[str], made: int) -> None:
        """``stage`` ended in any way: it asked for ``keys`` and rendered ``made`` of them."""
        entry = manifest_.StageKeys(tuple(keys), self._setups[stage])
        self._save(self._manifest.after(stage, entry, same=made == 0))

    def set_scenes(self, count: int) -> None:
        """The script has ``count`` scenes."""
        self._save(replace(self._manifest, scenes=count))

    def guess_work(self, work: eta.Work) -> None:
        """Set the likely work, unless an earlier run measured it."""
        if self._manifest.work is None:
            self.set_work(work)

    def set_work(self, work: eta.Work) -> None:
        """Set the work, which is known now."""
        self.work = work
        self._save(replace(self._manifest, work=work))

    def _save(self, manifest: manifest_.StageManifest) -> None:
        if manifest != self._manifest:
            self._manifest = manifest
            manifest_.save(manifest, self._home.manifest(self._job.id))
