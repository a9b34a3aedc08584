"""The protocol's requests as predictions, and predictions as its answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from inference.adapters.open_inference.schemas import (
    SHAPE,
    InferRequest,
    InferResponse,
    ModelMetadata,
    OutputTensor,
    TensorMetadata,
)
from inference.adapters.open_inference.tensors import Tensor
from inference.model.serving import ServedModel, ServingModel
from inference.prediction.schemas import MAX_BATCH, PredictionAnswer
from inference.prediction.service import PredictionService
from inference.problems import Failure, ServiceError

PLATFORM: Final = "onnxruntime_onnx"


@dataclass(frozen=True)
class Answer:
    """A document, and the tensors that come behind it."""

    document: InferResponse
    binary: list[bytes]


def named(serving: ServingModel, name: str, version: str | None) -> ServedModel:
    """The model that a request names, which must be the one that serves.

    Raises:
        ServiceError: (not found) it is another one; (model unavailable) none serves.
    """
    served = serving.require()
    if name != served.name or version not in (None, served.version):
        raise ServiceError(
            Failure.NOT_FOUND,
            f"this serves the model {served.name} in version {served.version}, and no other",
        )
    return served


def metadata(served: ServedModel) -> ModelMetadata:
    """What the model reads and gives."""
    labels = served.bundle.manifest.labels
    return ModelMetadata(
        name=served.name,
        versions=[served.version],
        platform=PLATFORM,
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name="label", datatype="BYTES", shape=[-1]),
            TensorMetadata(
                name="probabilities",
                datatype="FP32",
                shape=[-1, len(labels)],
                parameters={"labels": json.dumps(labels)},
            ),
            TensorMetadata(name="uncertain", datatype="BOOL", shape=[-1]),
            TensorMetadata(name="truncated", datatype="BOOL", shape=[-1]),
            TensorMetadata(name="prediction_id", datatype="BYTES", shape=[-1]),
        ],
    )


async def infer(
    predictions: PredictionService,
    served: ServedModel,
    request: InferRequest,
    *,
    expires_at: float,
    any_version: bool,
) -> Answer:
    """Predict the texts of a request; all of them or none.

    Args:
        predictions: what predicts and keeps.
        served: the model that the request names.
        request: the request.
        expires_at: monotonic time after which nobody waits for the answer.
        any_version: whether another version of the model may answer, such as one on trial.

    Raises:
        ServiceError: (invalid request) shape, data or wanted outputs do not fit; or as
            `PredictionService.predict_all`.
    """
    texts = _texts(request)
    wanted = _wanted(request, served)
    parameters = request.parameters
    truncate = parameters.truncate if parameters and parameters.truncate is not None else True
    answers = await predictions.predict_all(
        texts,
        expires_at=expires_at,
        truncate=truncate,
        served=None if any_version else served,
    )
    tensors = _tensors(answers)
    outputs: list[OutputTensor] = []
    binary: list[bytes] = []
    for name, in_binary in wanted.items():
        if in_binary:
            described, content = tensors[name].apart()
            binary.append(content)
        else:
            described = tensors[name].described()
        outputs.append(described)
    document = InferResponse(
        model_name=answers[0].model_name,
        model_version=answers[0].model_version,
        id=request.id,
        outputs=outputs,
    )
    return Answer(document, binary)


def _texts(request: InferRequest) -> list[str]:
    (tensor,) = request.inputs
    if tensor.data is None:
        raise _invalid("inputs.0.data: is missing")
    count, *rest = tensor.shape
    if rest not in ([], [1]) or not 1 <= count <= MAX_BATCH:
        raise _invalid(f"inputs.0.shape: must be {SHAPE} with n from 1 to {MAX_BATCH}")
    texts = [text for item in tensor.data for text in ([item] if isinstance(item, str) else item)]
    if len(texts) != count:
        raise _invalid(f"inputs.0.data: has {len(texts)} texts, the shape says {count}")
    return texts


def _wanted(request: InferRequest, served: ServedModel) -> dict[str, bool]:
    """The outputs to answer, and whether they come in binary form."""
    known = [tensor.name for tensor in metadata(served).outputs]
    in_binary = bool(request.parameters and request.parameters.binary_data_output)
    if not request.outputs:
        return dict.fromkeys(known, in_binary)
    wanted = {}
    for output in request.outputs:
        if output.name not in known:
            raise _invalid(f"outputs: must be some of {', '.join(known)}")
        said = output.parameters.binary_data if output.parameters else None
        wanted[output.name] = in_binary if said is None else said
    return wanted


def _tensors(answers: Sequence[PredictionAnswer]) -> dict[str, Tensor]:
    count = len(answers)
    rows = [list(answer.probabilities.values()) for answer in answers]
    found = [
        Tensor("label", "BYTES", [count], [answer.label for answer in answers]),
        Tensor("probabilities", "FP32", [count, len(rows[0])], list(chain.from_iterable(rows))),
        Tensor("uncertain", "BOOL", [count], [answer.uncertain for answer in answers]),
        Tensor("truncated", "BOOL", [count], [answer.truncated for answer in answers]),
        Tensor("prediction_id", "BYTES", [count], [str(answer.id) for answer in answers]),
    ]
    return {tensor.name: tensor for tensor in found}


def _invalid(detail: str) -> ServiceError:
    return ServiceError(Failure.INVALID_REQUEST, detail)
