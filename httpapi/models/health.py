"""The JSON of health checks."""

from typing import Literal

from httpapi.models.fields import Document


class Health(Document):
    """The server's state."""

    status: Literal["ok"]
