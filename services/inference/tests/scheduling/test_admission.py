"""What is let in, from its size alone."""

import pytest

from inference.problems import Failure, ServiceError
from inference.scheduling.admission import BYTES_PER_TOKEN, Admission


def bytes_of(tokens):
    return tokens * BYTES_PER_TOKEN


def test_room_is_taken_and_given_back_whatever_happens():
    admission = Admission(100, lambda: 10.0)
    with admission.admit(bytes_of(60)):
        assert admission.tokens == 60
    assert admission.tokens == 0
    with pytest.raises(ZeroDivisionError), admission.admit(bytes_of(60)):
        _ = admission.tokens // 0
    assert admission.tokens == 0


def test_beyond_the_bound_is_refused_with_the_time_that_room_takes():
    admission = Admission(100, lambda: 10.0)
    with admission.admit(bytes_of(80)):
        with pytest.raises(ServiceError) as refusal, admission.admit(bytes_of(55)):
            pytest.fail("was let in")
        assert refusal.value.failure is Failure.OVERLOADED
        assert refusal.value.headers == {"Retry-After": "4"}  # 35 too many, 10 a second
        with admission.admit(bytes_of(20)):
            assert admission.tokens == 100
    assert admission.tokens == 0


@pytest.mark.parametrize(("speed", "advice"), [(0.0, "1"), (1e9, "1"), (0.001, "60")])
def test_the_advice_is_bounded(speed, advice):
    admission = Admission(10, lambda: speed)
    with admission.admit(1), pytest.raises(ServiceError) as refusal, admission.admit(bytes_of(10)):
        pytest.fail("was let in")
    assert refusal.value.headers == {"Retry-After": advice}


def test_alone_a_request_of_any_size_is_let_in():
    admission = Admission(10, lambda: 1.0)
    with admission.admit(bytes_of(1_000)):
        assert admission.tokens == 1_000
        with pytest.raises(ServiceError), admission.admit(1):
            pytest.fail("was let in")
