"""The signature of a URL: what it covers, how it is made and checked (HMAC-SHA256, pure).

Its key is derived from the catalog's secret and the day on which the URL expires: keys rotate by themselves,
every replica of a catalog has the same ones, and none is kept.
"""

import hmac

ROTATION_S = 24 * 3600
SIGNATURE_CHARACTERS = 64


def signature(secret: bytes, method: str, subject: str, expires_s: int) -> str:
    """The signature, in hexadecimal, over everything the URL is good for.

    `subject` names one object (and part, size and hash, where known), `expires_s` is in seconds since 1970,
    UTC.
    """
    day_key = hmac.digest(secret, b"runfs signed urls %d" % (expires_s // ROTATION_S), "sha256")
    return hmac.new(day_key, f"{method}\n{subject}\n{expires_s}".encode(), "sha256").hexdigest()


def is_good(secret: bytes, method: str, subject: str, expires: str, given: str, now_s: float) -> bool:
    """Whether a URL's signature is right and its time has not come; compared in constant time."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):
        return False
    expected = signature(secret, method, subject, int(expires))
    matches = hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))
    return matches and now_s < int(expires)
