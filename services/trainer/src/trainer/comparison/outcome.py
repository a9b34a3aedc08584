"""All that a comparison found, made from what its runs kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainer.comparison.agreement import Agreement, check_agreement
from trainer.comparison.costs import Machine, ServiceCost, service_costs
from trainer.comparison.decision import Scored, decision_matrix
from trainer.comparison.errors_to_read import ConfidentError, errors_to_read
from trainer.comparison.plan import Plan
from trainer.comparison.results import Contrast, RecipeResult, contrasts, summarise
from trainer.comparison.runs import HeldOut, MeasuredRun


@dataclass(frozen=True)
class Terms:
    """What the user weighs, and where models would serve.

    Attributes:
        weights: of the criteria in the decision matrix.
        machine: what serving costs.
    """

    weights: dict[str, float]
    machine: Machine


@dataclass(frozen=True)
class Outcome:
    """What a comparison found.

    Attributes:
        plan: what was compared.
        source: the data, as given.
        rows: what was measured on.
        results: best first; only recipes of which every seed was measured.
        contrasts: the best against each other one.
        agreement: whether the test split confirms the choice.
        terms: what the matrix and the costs are of.
        matrix: highest score first.
        services: what cloud services would cost.
        errors: the best run's most confident errors.
        failures: why runs failed, by recipe and seed.
    """

    plan: Plan
    source: str
    rows: HeldOut
    results: list[RecipeResult]
    contrasts: list[Contrast]
    agreement: Agreement
    terms: Terms
    matrix: list[Scored]
    services: list[ServiceCost]
    errors: list[ConfidentError]
    failures: dict[str, str]

    @property
    def best(self) -> RecipeResult:
        """The recipe with the highest mean validation macro-F1."""
        return self.results[0]

    @property
    def commits(self) -> list[str]:
        """The code that made the runs; more than one where it changed between them."""
        return sorted({run.commit for result in self.results for run in result.runs})

    def cost(self, result: RecipeResult) -> float:
        """Euros per million tweets on the machine."""
        return self.terms.machine.cost_per_million(result.of_runs("tweets_per_second").mean)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the rows, for machines."""
        return {
            "data": self.source,
            "fingerprint": self.plan.fingerprint,
            "limit": self.plan.limit,
            "seeds": self.plan.seeds,
            "commits": self.commits,
            "best": {
                "recipe": self.best.recipe,
                "seed": self.best.best_run.seed,
                "run_id": self.best.best_run.run_id,
            },
            "recipes": [self._recipe(result) for result in self.results],
            "contrasts": [
                {
                    "recipe": item.recipe,
                    "accuracy_difference": asdict(item.difference.interval()),
                    "mcnemar_p": item.p_value,
                    "mcnemar_p_holm": item.p_adjusted,
                }
                for item in self.contrasts
            ],
            "agreement": asdict(self.agreement),
            "weights": self.terms.weights,
            "decision": [asdict(item) for item in self.matrix],
            "machine": asdict(self.terms.machine),
            "services": [asdict(item) for item in self.services],
            "errors_to_read": [asdict(item) for item in self.errors],
            "failures": self.failures,
        }

    def _recipe(self, result: RecipeResult) -> dict[str, Any]:
        def figures(split: Any) -> dict[str, Any]:
            names = ("accuracy", "macro_f1", "auc", "ece", "log_loss")
            return {name: asdict(result.figure(split, name)) for name in names}  # type: ignore[arg-type]

        def of_runs(name: Any) -> dict[str, float]:
            return asdict(result.of_runs(name))

        return {
            "recipe": result.recipe,
            "validation": figures("validation"),
            "test": figures("test"),
            "test_accuracy_interval": asdict(result.test_accuracy.interval()),
            "test_macro_f1_interval": asdict(result.test_macro_f1.interval()),
            "fit_seconds": of_runs("fit_seconds"),
            "tweets_per_second": of_runs("tweets_per_second"),
            "bundle_megabytes": of_runs("megabytes"),
            "euros_per_million": self.cost(result),
        }


def conclude(
    plan: Plan,
    source: str,
    rows: HeldOut,
    runs: Mapping[str, list[MeasuredRun]],
    terms: Terms,
    failures: dict[str, str],
) -> Outcome:
    """Draw every conclusion from the runs of a comparison.

    Args:
        plan: what was to be compared.
        source: the data, as given.
        rows: what was measured on.
        runs: of each recipe that is complete, by seed; at least one.
        terms: what matters, and on which machine.
        failures: why other runs failed.
    """
    results = summarise(runs, rows)
    against = contrasts(results, rows)
    return Outcome(
        plan=plan,
        source=source,
        rows=rows,
        results=results,
        contrasts=against,
        agreement=check_agreement(results[0], against),
        terms=terms,
        matrix=decision_matrix(results, terms.weights, terms.machine),
        services=service_costs(),
        errors=errors_to_read(results, rows),
        failures=failures,
    )
