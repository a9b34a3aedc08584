"""Explanations over HTTP."""

from fastapi import APIRouter, Request

from inference.access.routing import needs
from inference.access.scopes import Scope
from inference.dependencies import services_of
from inference.explanation.bounds import EXPLANATION
from inference.explanation.schemas import ExplainRequest, ExplanationAnswer
from inference.prediction.routes import FAILURES
from inference.problems import Failure, declared
from inference.scheduling import routing


class ExplainingRoute(routing.ComputingRoute):
    """A route that computes hundreds of texts, when no prediction waits."""

    work = EXPLANATION


router = APIRouter(prefix="/v1/explain", tags=["predict"], route_class=ExplainingRoute)


@router.post(
    "",
    responses=declared(
        *FAILURES, Failure.TEXT_REFUSED, Failure.TEXT_TOO_LONG, Failure.UNKNOWN_LABEL
    ),
)
@needs(Scope.PREDICT)
async def explain(body: ExplainRequest, request: Request) -> ExplanationAnswer:
    """The sentiment of one tweet, kept like any prediction, with a weight for each of its words."""
    return await services_of(request).explanations.explain(
        body.text,
        expires_at=request.state.expires_at,
        truncate=body.truncate,
        label=body.label,
    )
