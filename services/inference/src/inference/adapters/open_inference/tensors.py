"""Tensors as bytes behind a JSON document: Triton's binary tensor data extension."""

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from inference.adapters.open_inference.schemas import OutputTensor
from inference.problems import Failure, ServiceError

HEADER: Final = "Inference-Header-Content-Length"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Tensor:
    """An output: strings (`BYTES`), `FP32` or `BOOL`, in row-major order.

    Attributes:
        name: by which clients ask for it.
        datatype: the protocol's name of the type.
        shape: its size in each dimension.
        values: all elements.
    """

    name: str
    datatype: str
    shape: list[int]
    values: list[Any]

    def described(self) -> OutputTensor:
        """The tensor in JSON."""
        return OutputTensor(
            name=self.name, shape=self.shape, datatype=self.datatype, data=self.values
        )

    def apart(self) -> tuple[OutputTensor, bytes]:
        """What JSON says of the tensor, and its bytes."""
        content = self._content()
        said = OutputTensor(
            name=self.name,
            shape=self.shape,
            datatype=self.datatype,
            parameters={"binary_data_size": len(content)},
        )
        return said, content

    def _content(self) -> bytes:
        if self.datatype == "BYTES":
            elements = [str(value).encode() for value in self.values]
            return b"".join(_LENGTH.pack(len(element)) + element for element in elements)
        return np.asarray(self.values, {"FP32": "<f4", "BOOL": "?"}[self.datatype]).tobytes()


def header_length(header: str, total: int) -> int:
    """The length of the JSON document that a request says in its header.

    Raises:
        ServiceError: (invalid request) it is no length within the body.
    """
    if not (header.isascii() and header.isdecimal()) or int(header) > total:
        raise _invalid(f"{HEADER}: must be the length of the JSON document, within the body")
    return int(header)


def with_texts(document: Any, content: bytes) -> Any:
    """A request's document with the texts that came behind it in the places of `data`.

    What is wrong with the document itself is left for its validation to find.

    Raises:
        ServiceError: (invalid request) the sizes that it names are not those of the content, or
            that is no tensor of strings; (text refused) a string is not UTF-8.
    """
    inputs = document.get("inputs") if isinstance(document, dict) else None
    filled, position = [], 0
    for tensor in inputs if isinstance(inputs, list) else ():
        size = _binary_size(tensor)
        if size is not None:
            part = content[position : position + size]
            if len(part) < size:
                raise _invalid("inputs: binary_data_size is more than the body holds")
            position += size
            if tensor.get("datatype") == "BYTES":
                tensor = {**tensor, "data": _texts(part)}
        filled.append(tensor)
    if position != len(content):
        raise _invalid("inputs: binary_data_size is less than the body holds")
    return {**document, "inputs": filled} if filled else document


def _binary_size(tensor: Any) -> int | None:
    parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    return size if isinstance(size, int) and size >= 0 else None


def _texts(content: bytes) -> list[str]:
    texts: list[str] = []
    position = 0
    while position < len(content):
        start = position + _LENGTH.size
        if start > len(content):
            raise _invalid("inputs.0.data: ends within the length of an element")
        (size,) = _LENGTH.unpack_from(content, position)
        position = start + size
        if position > len(content):
            raise _invalid("inputs.0.data: ends within an element")
        try:
            texts.append(content[start:position].decode())
        except UnicodeDecodeError:
            raise ServiceError(Failure.TEXT_REFUSED, f"text {len(texts)}: must be UTF-8") from None
    return texts


def _invalid(detail: str) -> ServiceError:
    return ServiceError(Failure.INVALID_REQUEST, detail)
