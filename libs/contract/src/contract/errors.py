"""The failures a bundle or a text can have, each named so that callers can say which."""


class ContractError(Exception):
    """Anything that breaks the agreement between training and serving."""


class BundleError(ContractError):
    """A bundle that must not be served.

    Attributes:
        check: stable name of the check that failed (`checksum`, `files`, `labels`, ...).
        message: what failed, without the check's name.
    """

    def __init__(self, check: str, message: str) -> None:
        super().__init__(f"bundle refused by the {check!r} check: {message}")
        self.check = check
        self.message = message


class TextRefusedError(ContractError, ValueError):
    """A text that no tokenizer can read; the message never holds the text itself."""
