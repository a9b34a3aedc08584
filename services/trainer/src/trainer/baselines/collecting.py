"""Asking a service about texts, without paying twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trainer.baselines.cache import AnswerCache
from trainer.baselines.prices import Cost, cost_of
from trainer.baselines.service import Answer, Failure, Reply, Service
from trainer.progress import Progress


@dataclass(frozen=True)
class Plan:
    """What is known of texts before anything is sent.

    Attributes:
        texts: those in question, in order.
        known: replies that need no request: answers paid for before, and texts beyond the
            service's limits.
        to_send: the rest, each once.
        cost: of sending these.
    """

    texts: tuple[str, ...]
    known: dict[str, Reply]
    to_send: tuple[str, ...]
    cost: Cost


def plan(service: Service, texts: Sequence[str], language: str, cache: AnswerCache) -> Plan:
    """Find out which texts must be sent.

    Raises:
        BaselineError: the service does not read the language.
    """
    known: dict[str, Reply] = dict(cache.get(texts))
    for text in texts:
        if text not in known and (refusal := service.refusal(text, language)):
            known[text] = refusal
    to_send = tuple(dict.fromkeys(text for text in texts if text not in known))
    return Plan(tuple(texts), known, to_send, cost_of(service.name, to_send))


def collect(
    service: Service, planned: Plan, language: str, cache: AnswerCache, progress: Progress
) -> list[Reply]:
    """Send what is to be sent, and keep the answers to each request as they come.

    Failures are not kept, so that the next run asks again.

    Returns:
        A reply to each text, in order.

    Raises:
        BaselineError: the service refuses or stays busy; answers until then are kept.
        KeyboardInterrupt: likewise kept, but for the request under way.
    """
    replies = dict(planned.known)
    failed = sum(isinstance(reply, Failure) for reply in replies.values())
    progress.start(f"asking {service.name}", len(planned.to_send))
    for batch in _batches(planned.to_send, service.texts_per_request):
        answered = dict(zip(batch, service.ask(batch, language), strict=True))
        cache.put({text: reply for text, reply in answered.items() if isinstance(reply, Answer)})
        replies |= answered
        failed += sum(isinstance(reply, Failure) for reply in answered.values())
        progress.advance(len(batch), f"{failed} failed" if failed else "")
    return [replies[text] for text in planned.texts]


def _batches(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
