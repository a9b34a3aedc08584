"""What both clients know of HTTP's library: which of its exceptions mean what."""

import httpx2

from radar_client.exchange import Broken

NEVER_ARRIVED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
LATE = Broken("the service did not answer in time", may_have_arrived=True)


def broken_by(error: httpx2.RequestError) -> Broken:
    """What a failed request means. The library's own words are not kept: they may hold bytes."""
    if isinstance(error, NEVER_ARRIVED):
        late = isinstance(error, httpx2.TimeoutException)
        reason = "the service takes no connection in time" if late else "the service is not there"
        return Broken(f"{reason}; is RADAR_URL its address?", may_have_arrived=False)
    if isinstance(error, httpx2.TimeoutException):
        return LATE
    return Broken("the connection broke before the answer was there", may_have_arrived=True)
