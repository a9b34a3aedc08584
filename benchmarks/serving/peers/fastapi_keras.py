"""A plain FastAPI route around a Keras model, run by uvicorn.

Environment: `KERAS_MODEL`, `BUNDLE`, and `WAY`, which is `predict` or `function`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from keras_text import KerasText
from pydantic import BaseModel


class Tweet(BaseModel):
    """What is asked."""

    text: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model once in each worker."""
    app.state.model = KerasText(os.environ["KERAS_MODEL"], os.environ["BUNDLE"], os.environ["WAY"])
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
def predict(body: Tweet, request: Request) -> dict[str, Any]:
    """The sentiment of one tweet; FastAPI runs this in a thread."""
    return request.app.state.model([body.text])[0]


@app.get("/health")
async def health() -> dict[str, str]:
    """Answers once the model is loaded."""
    return {"status": "ok"}
