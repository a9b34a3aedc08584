"""What is let in, from its size alone."""

from contextlib import ExitStack

import pytest

from inference.problems import Failure, ServiceError
from inference.scheduling.admission import (
    BYTES_PER_TOKEN,
    DEADLINE_SHARE,
    TOKENS_PER_REQUEST,
    Admission,
    Work,
)
from inference.scheduling.queue import Priority

LONG = 1e9


def bytes_of(tokens):
    """The size of a body that counts as so many tokens in all."""
    return (tokens - TOKENS_PER_REQUEST) * BYTES_PER_TOKEN


def test_room_is_taken_and_given_back_whatever_happens():
    admission = Admission(200, lambda: 10.0)
    with admission.admit(bytes_of(60), LONG):
        assert admission.tokens == 60
    assert admission.tokens == 0
    with pytest.raises(ZeroDivisionError), admission.admit(bytes_of(60), LONG):
        _ = admission.tokens // 0
    assert admission.tokens == 0


def test_beyond_the_bound_is_refused_with_the_time_that_room_takes():
    refused = []
    admission = Admission(200, lambda: 10.0, refused=lambda: refused.append(1))
    with admission.admit(bytes_of(80), LONG), admission.admit(bytes_of(100), LONG):
        with pytest.raises(ServiceError) as refusal, admission.admit(bytes_of(55), LONG):
            pytest.fail("was let in")
        assert refusal.value.failure is Failure.OVERLOADED
        assert refused == [1]
        assert refusal.value.headers == {"Retry-After": "4"}  # 35 too many, 10 a second
        with admission.admit(bytes_of(20), LONG):
            assert admission.tokens == 200
    assert admission.tokens == 0


def test_asking_for_room_takes_none():
    admission = Admission(200, lambda: 10.0)
    assert admission.require_room(bytes_of(60), LONG) == 60 - TOKENS_PER_REQUEST
    assert admission.tokens == 0


@pytest.mark.parametrize(("speed", "advice"), [(0.0, "1"), (1e9, "1"), (0.001, "60")])
def test_the_advice_is_bounded(speed, advice):
    admission = Admission(40, lambda: speed)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(admission.admit(bytes_of(20), LONG))
        with pytest.raises(ServiceError) as refusal:
            admission.require_room(bytes_of(20), LONG)
    assert refusal.value.headers == {"Retry-After": advice}


def test_the_largest_request_finds_room_beside_others():
    admission = Admission(100, lambda: 0.0)
    with admission.admit(bytes_of(50), LONG), admission.admit(bytes_of(1_000_000), LONG):
        assert admission.tokens == 100
        with pytest.raises(ServiceError):
            admission.require_room(0, LONG)


def test_alone_a_request_is_let_in_however_little_its_time():
    admission = Admission(1_000, lambda: 1.0)
    with admission.admit(bytes_of(400), 0.1), pytest.raises(ServiceError):
        admission.require_room(40, 0.1)


def test_what_would_not_be_done_in_its_time_is_refused_at_once():
    admission = Admission(10_000, lambda: 100.0)
    seconds = 4.0
    in_time = int(100 * seconds * DEADLINE_SHARE) * BYTES_PER_TOKEN  # the ids alone take time
    with admission.admit(80, seconds):
        admission.require_room(in_time - 80, seconds)
        with pytest.raises(ServiceError):
            admission.require_room(in_time - 76, seconds)
        admission.require_room(in_time - 76, 2 * seconds)


def test_requests_with_hardly_a_body_are_bounded_too():
    admission = Admission(10 * TOKENS_PER_REQUEST, lambda: 0.0)
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(admission.admit(2, LONG))
        with pytest.raises(ServiceError):
            admission.require_room(2, LONG)


LATER = Work(Priority.EXPLAIN, lambda body_bytes: body_bytes)


def test_what_goes_later_takes_no_room_from_what_goes_first():
    admission = Admission(200, lambda: 10.0)
    with admission.admit(84, LONG, LATER), admission.admit(84, LONG, LATER):
        assert admission.tokens == 200
        for seconds in (LONG, 1e-9):  # nothing is in that a prediction waits for
            with admission.admit(bytes_of(100), seconds), admission.admit(bytes_of(100), LONG):
                assert admission.tokens == 400
    assert admission.tokens == 0


def test_what_goes_later_needs_room_beside_what_goes_first():
    admission = Admission(200, lambda: 10.0)
    with admission.admit(bytes_of(100), LONG), admission.admit(bytes_of(100), LONG):
        with pytest.raises(ServiceError) as refusal:
            admission.require_room(0, LONG, LATER)
        assert refusal.value.headers == {"Retry-After": "2"}  # its own 16, 10 a second
    with admission.admit(bytes_of(100), LONG):
        with pytest.raises(ServiceError):  # 84 ids are before it, of which half its time is 50
            admission.require_room(20, 10.0, LATER)
        assert admission.require_room(20, 30.0, LATER) == 20
