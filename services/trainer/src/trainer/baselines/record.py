"""A baseline as a run in MLflow, beside those of the models."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.baselines.cache import text_hash
from trainer.baselines.prices import DOLLARS_PER_EURO, PRICES, Cost, cost_per_million
from trainer.baselines.scoring import Result
from trainer.baselines.service import Answer, Reply
from trainer.data.dataset import Dataset, Split
from trainer.tracking.revision import git_commit

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class BaselineRecord:
    """One service on the test rows of one data set.

    Attributes:
        service: its name.
        language: what it was told of the texts.
        dataset: where the rows are from.
        rows: those that were asked about.
        replies: to each of them.
        result: the scores.
        cost: of what was sent in this run, hence without answers that were known.
    """

    service: str
    language: str
    dataset: Dataset
    rows: Split
    replies: Sequence[Reply]
    result: Result
    cost: Cost

    def parameters(self) -> dict[str, Any]:
        """Which service was asked about what, and the assumptions of its cost."""
        return {
            "baseline": self.service,
            "service_model": self.result.model or "unknown",
            "language": self.language,
            "data_source": self.dataset.source,
            "data_fingerprint": self.dataset.fingerprint,
            "test_fingerprint": self.dataset.test_fingerprint,
            "is_sample": str(self.dataset.is_sample).lower(),
            "labels": ",".join(self.dataset.labels),
            "rows": len(self.rows),
            "test_rows": len(self.dataset.test),
            "price_source": PRICES[self.service].source,
            "price_as_of": PRICES[self.service].as_of,
            "dollars_per_euro": DOLLARS_PER_EURO,
        }

    def figures(self) -> dict[str, float]:
        """Scores, counts and costs by name."""
        return {
            **{f"test_{name}": value for name, value in self.result.figures().items()},
            **{f"answers_{name}": float(n) for name, n in self.result.sentiments.items()},
            "answered": float(self.result.answered),
            "failed": float(self.result.failed),
            "cost_euros": self.cost.euros,
            "cost_euros_per_million": cost_per_million(self.service),
        }

    def answers(self) -> list[dict[str, Any]]:
        """What was said of each tweet, named by its line in the source and its text's hash."""
        lines = [None] * len(self.rows) if self.rows.lines is None else self.rows.lines.tolist()
        return [
            {
                "line": line,
                "text_sha256": text_hash(text),
                "label": self.dataset.labels[label],
                **(asdict(reply) if isinstance(reply, Answer) else {"failure": reply.code}),
            }
            for text, label, line, reply in zip(
                self.rows.texts, self.rows.labels.tolist(), lines, self.replies, strict=True
            )
        ]


def log_baseline(client: "MlflowClient", run_id: str, record: BaselineRecord) -> None:
    """Log a baseline to its open run, see `trainer.tracking.run.training_run`."""
    import mlflow

    client.set_tag(run_id, "git_commit", git_commit())
    mlflow.log_params(record.parameters(), run_id=run_id)
    mlflow.log_metrics(record.figures(), run_id=run_id)
    with tempfile.TemporaryDirectory(prefix="run-") as scratch:
        for name, content in (
            ("answers", record.answers()),
            ("failures", record.result.failures),
        ):
            path = Path(scratch) / f"{name}.json"
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        client.log_artifacts(run_id, scratch, "reports")
