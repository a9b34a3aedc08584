"""Signatures of webhooks, by the Standard Webhooks specification (standardwebhooks.com, 1.0)."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64


def signing_key(secret: str) -> bytes:
    """The key that a secret holds.

    Raises:
        ValueError: it is none; the message, which does not repeat it, says how to make one.
    """
    advice = 'must be whsec_ and a key in base64: echo "whsec_$(openssl rand -base64 32)"'
    if not secret.startswith(PREFIX):
        raise ValueError(advice)
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(advice) from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"its key must have {LEAST_BYTES} to {MOST_BYTES} bytes; {advice}")
    return key


def signed_headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Headers by which a receiver knows who sent a body, and when.

    Args:
        key: shared with the receiver.
        message_id: the same for each try, so that the receiver can tell a repetition.
        timestamp: seconds since 1970, UTC; receivers refuse an old one.
        body: exactly as it is sent.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
