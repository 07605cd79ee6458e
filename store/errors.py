"""What can go wrong in the store. Each message says what is wrong and what to do about it.

HTTP turns each class into one status, the tree into one errno; nothing else leaves the store on purpose.
"""


class StoreError(Exception):
    """Anything that the store refuses or cannot do."""


class Absent(StoreError):
    """There is no such thing, or not any more. HTTP 404, ENOENT."""


class Refused(StoreError):
    """The request itself is wrong: a bad name, a bad number, a bad document. HTTP 422."""


class Conflict(StoreError):
    """The request is fine but does not fit what is there now. HTTP 409."""


class Mismatch(StoreError):
    """The bytes are not those that were announced: another size or another hash. HTTP 422."""


class Unavailable(StoreError):
    """The store is slow or failing; the same request may succeed later. HTTP 503, EAGAIN.

    `retry_after_s` is how long a client does well to wait, in seconds.
    """

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Damaged(StoreError):
    """The store has lost bytes that the catalog promises; asking again does not help. HTTP 500, EIO."""


class NoSpace(StoreError):
    """The disk or the quota is full; nothing was stored. HTTP 507, ENOSPC."""
