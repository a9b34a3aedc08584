import io

import numpy as np
import pytest

from trainer.evaluation.plots import confusion_figure, evaluation_figures, history_figure


def case(labels):
    random = np.random.default_rng(1)
    truth = np.arange(120) % labels
    weights = random.random((120, labels)) + np.eye(labels)[truth]
    return truth, weights / weights.sum(axis=1, keepdims=True)


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


@pytest.mark.parametrize("labels", [("negative", "positive"), ("a", "b", "c")])
def test_every_plot_renders(labels):
    figures = evaluation_figures(*case(len(labels)), labels)

    assert set(figures) == {"roc", "precision_recall", "confusion", "calibration"}
    for figure in figures.values():
        image = io.BytesIO()
        figure.savefig(image, format="png")
        assert len(image.getvalue()) > 5_000


def test_two_labels_have_one_roc_curve_and_three_have_three():
    two = evaluation_figures(*case(2), ("negative", "positive"))["roc"]
    three = evaluation_figures(*case(3), ("a", "b", "c"))["roc"]

    assert [entry.split()[0] for entry in legend(two)] == ["chance", "positive"]
    assert [entry.split()[0] for entry in legend(three)] == ["chance", "a", "b", "c"]


def test_a_label_that_never_occurs_has_no_curve():
    truth, probabilities = case(3)
    kept = truth != 1
    figures = evaluation_figures(truth[kept], probabilities[kept], ("a", "b", "c"))

    assert [entry.split()[0] for entry in legend(figures["precision_recall"])] == ["a", "c"]


def test_confusion_counts_true_labels_by_row():
    probabilities = np.eye(2)[[0, 1, 1, 1]]
    figure = confusion_figure(np.array([0, 0, 0, 1]), probabilities, ("no", "yes"))

    cells = [text.get_text() for text in figure.axes[0].texts]
    assert cells == ["1\n33%", "2\n67%", "0\n0%", "1\n100%"]


def test_many_labels_leave_the_cells_empty():
    labels = [str(index) for index in range(20)]
    assert not list(confusion_figure(*case(20), labels).axes[0].texts)


def test_history_draws_training_and_validation_of_each_metric():
    history = {"loss": [0.7, 0.5], "val_loss": [0.6, 0.55], "accuracy": [0.6, 0.8]}
    figure = history_figure(history)

    assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
    assert [len(axes.get_lines()) for axes in figure.axes] == [2, 1]
    assert list(figure.axes[0].get_lines()[1].get_ydata()) == [0.6, 0.55]
