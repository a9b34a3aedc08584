"""An ordered list of text steps, as a manifest records it."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from contract.errors import BundleError, TextRefusedError
from contract.text.aligned import AlignedText, Rewrite, rewrite_text
from contract.text.steps import STEPS


class StepSpec(BaseModel):
    """One text step by name, version and parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = 1
    parameters: dict[str, str] = Field(default_factory=dict)


def refuse_lone_surrogates(text: str) -> None:
    """Refuse a text that is not valid Unicode.

    Raises:
        TextRefusedError: the text holds a lone surrogate, on which tokenizers fail.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextRefusedError(
            f"the text holds a lone surrogate at character {error.start}: "
            "send valid Unicode, emoji included as whole characters"
        ) from None


class TextSteps:
    """Applies steps in order, to a plain text or to one that keeps its raw offsets."""

    def __init__(self, specs: Sequence[StepSpec] = ()) -> None:
        """Look every step up.

        Raises:
            BundleError: (`text-steps`) a step's name, version or parameter is not known here.
        """
        self.specs = tuple(specs)
        self._rewrites = [_build(spec) for spec in self.specs]

    def apply(self, text: str) -> str:
        """The text after all steps.

        Raises:
            TextRefusedError: the text is not valid Unicode.
        """
        refuse_lone_surrogates(text)
        for rewrite in self._rewrites:
            text = rewrite_text(text, rewrite)
        return text

    def align(self, text: str) -> AlignedText:
        """The same text as `apply`, with the raw offsets of every character.

        Raises:
            TextRefusedError: the text is not valid Unicode.
        """
        refuse_lone_surrogates(text)
        aligned = AlignedText.of(text)
        for rewrite in self._rewrites:
            aligned = aligned.rewritten(rewrite)
        return aligned


def _build(spec: StepSpec) -> Rewrite:
    factory = STEPS.get((spec.name, spec.version))
    if factory is None:
        known = ", ".join(f"{name} v{version}" for name, version in sorted(STEPS))
        raise BundleError(
            "text-steps",
            f"step {spec.name!r} version {spec.version} is not known here (known: {known})",
        )
    try:
        return factory(spec.parameters)
    except ValueError as error:
        raise BundleError("text-steps", f"step {spec.name!r}: {error}") from error
