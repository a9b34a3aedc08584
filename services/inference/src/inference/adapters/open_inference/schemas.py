"""The protocol's documents (Open Inference Protocol, `inference_rest.md`)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inference.prediction.schemas import MAX_BATCH, TRUNCATE

SHAPE = "[n] or [n, 1]"


class Failed(BaseModel):
    """A failure."""

    error: str


class Live(BaseModel):
    """The process answers."""

    live: Literal[True] = True


class ServerReady(BaseModel):
    """The service can take requests."""

    ready: Literal[True] = True


class ModelReady(BaseModel):
    """The model can take requests."""

    name: str
    ready: Literal[True] = True


class Server(BaseModel):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(BaseModel):
    """A tensor that the model reads or gives; -1 is a size that varies."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, str] | None = Field(
        default=None, description="labels: those of the columns, as a JSON list"
    )


class ModelMetadata(BaseModel):
    """The model that serves."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class InputParameters(BaseModel):
    """Of an input tensor; what is not named here is not looked at."""

    binary_data_size: int | None = Field(
        default=None,
        description="bytes of the tensor behind the JSON document, whose length is then in the "
        "header Inference-Header-Content-Length (binary tensor data extension)",
    )


class InputTensor(BaseModel):
    """Texts."""

    name: Literal["text"]
    shape: list[int] = Field(min_length=1, max_length=2, description=SHAPE)
    datatype: Literal["BYTES"]
    parameters: InputParameters | None = None
    data: list[str] | list[list[str]] | None = None


class OutputParameters(BaseModel):
    """Of an output tensor; what is not named here is not looked at."""

    binary_data: bool | None = Field(
        default=None, description="whether it comes behind the JSON document"
    )
    classification: None = Field(default=None, description="the extension is not there")


class RequestedOutput(BaseModel):
    """A tensor to be answered."""

    name: str
    parameters: OutputParameters | None = None


class RequestParameters(BaseModel):
    """Of a request; what is not named here is not looked at."""

    binary_data_output: bool | None = Field(
        default=None, description="whether outputs come behind the JSON document"
    )
    truncate: bool | None = Field(default=None, description=f"{TRUNCATE}; true if it is missing")


class InferRequest(BaseModel):
    """Up to 256 tweets."""

    id: str | None = Field(default=None, max_length=200, description="comes back with the answer")
    parameters: RequestParameters | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(
        default=None, description="without them, all", max_length=MAX_BATCH
    )


class OutputTensor(BaseModel):
    """A tensor of the answer, in row-major order."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[str] | list[float] | list[bool] | None = None


class InferResponse(BaseModel):
    """What the model says of each tweet."""

    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]
