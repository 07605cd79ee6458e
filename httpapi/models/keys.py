"""The JSON of API keys."""

from typing import Literal

from pydantic import Field

from httpapi.models.fields import Document, Given, Line, ProjectPath, Time, rfc3339, rfc3339_or_none
from store.catalog import rows

Access = Literal["read", "write", "admin"]


class NewKey(Given):
    """A key to be made."""

    name: Line = Field(min_length=1, description="Who or what it is for.")
    access: Access = "write"
    project: ProjectPath | None = Field(None, description="The one project it is for; null: all.")


class Key(Document):
    """A key, without its text."""

    id: int
    name: str
    hint: str = Field(description="Its last four characters.")
    access: Access
    project: str | None = Field(description="ENTITY/PROJECT; null: all.")
    created_at: Time
    revoked_at: Time | None

    @classmethod
    def of(cls, row: rows.Key, project: str | None) -> "Key":
        """The document of a row."""
        return cls.model_construct(
            id=row.id,
            name=row.name,
            hint=row.hint,
            access=row.access,
            project=project,
            created_at=rfc3339(row.created_ns),
            revoked_at=rfc3339_or_none(row.revoked_ns),
        )


class CreatedKey(Document):
    """A key that was just made; its text is given this once."""

    key: str
    details: Key


class KeyList(Document):
    """A page of keys, revoked ones too."""

    items: list[Key]
    next_cursor: str | None
    total_count: int = Field(description="Keys that are not revoked.")


class SignInLink(Document):
    """Where a browser is signed in with this key, once, within a minute."""

    path: str = Field(description="To be added to this server's address.")
    expires_in: int = Field(description="Seconds.")
