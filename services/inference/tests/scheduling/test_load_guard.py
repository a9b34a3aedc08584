"""What becomes of one request: taken in or not, ended when nobody waits for it."""

import asyncio
import gc
import time
import weakref
from contextlib import contextmanager

import pytest
from starlette.requests import Request
from starlette.responses import Response

from inference.problems import Failure, ServiceError
from inference.scheduling.admission import Admission
from inference.scheduling.guard import CLIENT_LEFT, TIMEOUT_HEADER, LoadGuard

BODY = b'{"text": "late again"}'


class Client:
    """Sends a request in parts, and leaves when it is told to."""

    def __init__(self, *parts, declared=None, **headers):
        self.messages = asyncio.Queue()
        for index, part in enumerate(parts):
            more = index < len(parts) - 1
            self.messages.put_nowait({"type": "http.request", "body": part, "more_body": more})
        pairs = [(name.encode(), str(value).encode()) for name, value in headers.items()]
        if declared is not None:
            pairs.append((b"content-length", str(declared).encode()))
        scope = {"type": "http", "method": "POST", "path": "/", "headers": pairs}
        self.request = Request(scope, self.messages.get)

    def leave(self):
        self.messages.put_nowait({"type": "http.disconnect"})


class Service:
    """What computes: takes as long as it is told, and says whether it was cancelled."""

    def __init__(self, seconds=0.0):
        self.seconds, self.body, self.cancelled = seconds, None, False

    async def __call__(self, request):
        self.body = await request.body()
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return Response("computed")


@pytest.fixture
def refused():
    return []


@pytest.fixture
def admission(refused):
    return Admission(1_000, lambda: 0.0, refused=lambda: refused.append(1))


@pytest.fixture
def guard(admission):
    return LoadGuard(admission, longest_seconds=30.0)


def test_a_request_is_answered_while_it_counts_as_in(guard, admission):
    counted = []

    class Looking(Service):
        async def __call__(self, request):
            counted.append(admission.tokens)
            assert request.state.expires_at == pytest.approx(time.monotonic() + 30, abs=1)
            return await super().__call__(request)

    async def go():
        service = Looking(0.3)  # long enough for the client to be watched
        answer = await guard.answer(Client(BODY[:5], BODY[5:]).request, service)
        assert service.body == BODY
        return answer

    assert asyncio.run(go()).body == b"computed"
    assert counted[0] > 0
    assert admission.tokens == 0


def test_an_answered_request_leaves_nothing_to_the_garbage_collector(guard):
    async def watched_for_a_while():
        client = Client(BODY)
        await guard.answer(client.request, Service(0.3))
        await asyncio.sleep(0)  # the watch ends
        return weakref.ref(client.request)

    gc.disable()
    try:
        assert asyncio.run(watched_for_a_while())() is None
    finally:
        gc.enable()


@contextmanager
def full(admission):
    with admission.admit(10_000, 30), admission.admit(10_000, 30):
        yield


def test_a_body_that_is_declared_too_large_finds_no_room(guard, admission, refused):
    async def go():
        guard.require_room(Client(declared=10_000).request)
        with full(admission):
            with pytest.raises(ServiceError) as refusal:
                guard.require_room(Client(declared=10_000).request)
            assert refusal.value.failure is Failure.OVERLOADED

    asyncio.run(go())
    assert refused == [1]


def test_a_body_that_declares_nothing_is_counted_as_read(guard, admission, refused):
    async def go():
        with full(admission):
            guard.require_room(Client(b"x" * 5_000, b"x" * 5_000).request)
            with pytest.raises(ServiceError) as refusal:
                await guard.answer(Client(b"x" * 5_000, b"x" * 5_000).request, Service())
            assert refusal.value.failure is Failure.OVERLOADED

    asyncio.run(go())
    assert refused == [1]


def test_a_client_that_sends_slowly_takes_no_room_and_is_ended(guard, admission):
    async def go():
        client = Client(declared=3_000, **{TIMEOUT_HEADER.lower(): 0.2})
        client.messages.put_nowait({"type": "http.request", "body": b"x", "more_body": True})
        answering = asyncio.ensure_future(guard.answer(client.request, Service()))
        await asyncio.sleep(0.05)
        assert admission.tokens == 0
        with pytest.raises(ServiceError) as late:
            await answering
        assert late.value.failure is Failure.DEADLINE_EXCEEDED

    asyncio.run(go())


def test_a_request_whose_time_is_up_is_cancelled_and_told(guard, admission):
    service = Service(20)

    async def go():
        started = time.monotonic()
        with pytest.raises(ServiceError) as late:
            await guard.answer(Client(BODY, **{TIMEOUT_HEADER.lower(): 0.2}).request, service)
        assert late.value.failure is Failure.DEADLINE_EXCEEDED
        assert time.monotonic() - started < 10
        await asyncio.sleep(0)  # the task itself goes on: nothing is left of its cancellation

    asyncio.run(go())
    assert service.cancelled
    assert admission.tokens == 0


@pytest.mark.parametrize("before_its_body_is_whole", [True, False])
def test_a_request_whose_client_leaves_is_cancelled(guard, admission, before_its_body_is_whole):
    service = Service(20)

    async def go():
        client = Client(BODY)
        if before_its_body_is_whole:
            client.messages.get_nowait()
            client.messages.put_nowait({"type": "http.request", "body": b"{", "more_body": True})
        asyncio.get_running_loop().call_later(0.1, client.leave)
        return await guard.answer(client.request, service)

    assert asyncio.run(go()).status_code == CLIENT_LEFT
    assert service.cancelled is not before_its_body_is_whole
    assert admission.tokens == 0


def test_who_else_cancels_is_heard(guard, admission):
    service = Service(20)

    async def go():
        answering = asyncio.ensure_future(guard.answer(Client(BODY).request, service))
        await asyncio.sleep(0.02)
        answering.cancel()
        await answering

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(go())
    assert service.cancelled
    assert admission.tokens == 0


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", ""])
def test_a_timeout_that_is_none_is_refused(guard, given):
    async def go():
        with pytest.raises(ServiceError) as refusal:
            await guard.answer(Client(BODY, **{TIMEOUT_HEADER.lower(): given}).request, Service())
        assert refusal.value.failure is Failure.INVALID_REQUEST
        assert TIMEOUT_HEADER in refusal.value.detail

    asyncio.run(go())


@pytest.mark.parametrize("given", ["60", "inf", "1e300"])
def test_more_than_the_longest_time_cannot_be_had(guard, given):
    async def go():
        client = Client(BODY, **{TIMEOUT_HEADER.lower(): given})
        await guard.answer(client.request, Service())
        assert client.request.state.expires_at <= time.monotonic() + 30

    asyncio.run(go())
