"""The one error of this package."""


class Error(ValueError):
    """Bytes that are not the declared type, or a value that cannot be packed as it; the message names the
    field."""
