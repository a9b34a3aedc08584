"""From the bytes of a file to its text."""

import codecs

from frontend.batch.refusal import FileRefusedError

WINDOWS = "Windows-1252"
"""What spreadsheets in western Europe write where they do not write UTF-8."""

OTHER_FORMATS = {
    b"PK\x03\x04": "spreadsheet",
    b"\xd0\xcf\x11\xe0": "spreadsheet",
    b"\x1f\x8b": "packed",
}
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding that it has.

    Raises:
        FileRefusedError: it is no text, or in no encoding that is known here.
    """
    for mark, reason in OTHER_FORMATS.items():
        if content.startswith(mark):
            raise FileRefusedError(reason)
    if content.startswith(UTF_16_MARKS):
        candidates = ["UTF-16"]
    elif b"\0" in content:
        raise FileRefusedError("binary", line=_line_of(content, content.index(b"\0")))
    else:
        candidates = ["UTF-8-sig", WINDOWS]
    for encoding in candidates:
        try:
            return content.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError as error:
            place = error.start
    raise FileRefusedError("encoding", line=_line_of(content, place))


def _line_of(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1
