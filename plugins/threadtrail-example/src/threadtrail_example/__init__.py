"""A table of runs: when each ended, how, how long it took, and what it cost."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from threadtrail import ConfigurationError, hookimpl
from threadtrail.events import AnyEvent, RunEnded
from threadtrail.exporters.file_lock import exclusive


@dataclass
class RunTable:
    """Appends a row to a CSV file for each run that has ended."""

    path: Path = Path("runs.csv")
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)  # of a million tokens, by model

    @hookimpl
    def start(self) -> None:
        """Raise ConfigurationError if the file can be neither written nor made."""
        self.path = Path(self.path).expanduser().absolute()  # an object may have been given a str
        if not os.access(self.path if self.path.exists() else self.path.parent, os.W_OK):
            raise ConfigurationError(f"path: cannot write {self.path}. Create its folder, or choose another.")

    @hookimpl
    def destination(self) -> str:
        """Return the path of the file."""
        return str(self.path)

    @hookimpl
    def export(self, events: Sequence[AnyEvent]) -> None:
        """Append the runs among these events."""
        rows = [self._row(event) for event in events if event.event == "RunEnded"]
        if rows:
            with self.path.open("a", newline="", encoding="utf-8") as file, exclusive(file.fileno()):
                table = csv.DictWriter(file, rows[0])
                if file.seek(0, os.SEEK_END) == 0:
                    table.writeheader()
                table.writerows(rows)
                file.flush()  # all of it before another process may write

    def _row(self, event: RunEnded) -> dict[str, object]:
        run, usage, cost = event.run, event.run.usage, None
        ended = run.answered_at or event.time  # without the wait for the outputs of functions
        if usage and run.model in self.prices:
            input_price, output_price = self.prices[run.model]
            cost = (usage.input_tokens * input_price + usage.output_tokens * output_price) / 1_000_000
        return {
            "ended_at": datetime.fromtimestamp(ended // 10**9, UTC).isoformat(),
            "assistant": run.assistant and (run.assistant.name or run.assistant.id),
            "model": run.model,
            "status": run.status if run.finished else "unfinished",
            "seconds": round((ended - (run.created_at or ended)) / 10**9, 3),
            "input_tokens": usage and usage.input_tokens,
            "output_tokens": usage and usage.output_tokens,
            "cost": cost,
            "run": run.id,
        }
