"""The JSON of health checks."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """The server's state."""

    status: Literal["ok"]
