"""The fixed texts whose outputs prove that a bundle answers here as it did where it was made.

Written by hand for this purpose: never taken from training data or feedback. Changing the list
means a new `GOLDEN_SET`.
"""

from collections.abc import Callable, Sequence

import numpy as np

from contract.encoding import Encoded
from contract.errors import BundleError
from contract.manifest import GoldenOutput, Precision

GOLDEN_SET = 1
GOLDEN_TEXTS: tuple[str, ...] = (
    "Boarded on time, lovely crew, thank you @AirParadis!",
    "Three hours on the tarmac and nobody tells us anything. Never again.",
    "Which terminal does the 18:40 to Lyon leave from?",
    "not bad at all :) I'd fly with them again",
    "Soooooo happy!!!! upgraded to business 😍✈️",
    "Génial, encore deux heures de retard… merci @AirParadis 🙃",
    "Équipage adorable, vol à l'heure, rien à redire.",
    "Est-ce que le bagage cabine est compris ?",
    "My bag is lost &amp; your hotline hung up on me https://example.com/a?b=1",
    "ok",
    "",
    "#refund #AirParadis WHERE IS MY REFUND",
    "ﬁrst ﬂight ever, Ｆｕｌｌ ｗｉｄｔｈ smile",
    "don't know whether to laugh or cry, they didn't cancel it but they can't say when it leaves",
    " ".join(["still waiting at the gate with no news and no water"] * 40),
    "飛行機が遅れています",
)
TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "int8": 0.02}
"""Largest difference in any probability. Dynamic int8 differs a little between processors."""

Predict = Callable[[Sequence[Encoded]], np.ndarray]


def golden_outputs(encoded: Sequence[Encoded], predict: Predict) -> tuple[GoldenOutput, ...]:
    """Record what a model answers to each golden text, one at a time.

    Args:
        encoded: the golden texts, encoded by the bundle's own encoder.
        predict: calibrated probabilities `[batch, labels]` of encoded texts.
    """
    return tuple(
        GoldenOutput(ids=tuple(item.ids.tolist()), probabilities=tuple(predict([item])[0].tolist()))
        for item in encoded
    )


def check_goldens(
    expected: Sequence[GoldenOutput],
    encoded: Sequence[Encoded],
    predict: Predict,
    precision: Precision,
) -> None:
    """Repeat the golden texts and compare.

    Ids must be equal; probabilities within `TOLERANCE`; for int8 the label must be the same too.

    Raises:
        BundleError: (`goldens`) an output does not reproduce; the message says which text.
    """
    if len(expected) != len(encoded):
        raise BundleError(
            "goldens", f"the manifest has {len(expected)} outputs for {len(encoded)} texts"
        )
    tolerance = TOLERANCE[precision]
    for index, (golden, item) in enumerate(zip(expected, encoded, strict=True)):
        if golden.ids != tuple(item.ids.tolist()):
            raise BundleError("goldens", f"text {index} is encoded to other ids")
        actual = predict([item])[0]
        wanted = np.asarray(golden.probabilities)
        if actual.shape != wanted.shape:
            raise BundleError(
                "goldens", f"text {index} has {wanted.size} probabilities, not {actual.size}"
            )
        difference = float(np.abs(actual - wanted).max())
        if not difference <= tolerance:  # also refuses NaN
            raise BundleError(
                "goldens",
                f"{precision} probabilities of text {index} are off by {difference:.2g}, "
                f"more than {tolerance:g}",
            )
        if precision == "int8" and actual.argmax() != wanted.argmax():
            raise BundleError("goldens", f"{precision} gives text {index} another label")
