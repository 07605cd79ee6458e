"""The JSON and the queries of signed URLs. Clients take the URLs as they are and never make one."""

from pydantic import Field

from httpapi.models.fields import Document, Given, hex_or_none


class SignedGet(Given):
    """The query of a signed URL."""

    expires: str = Field(max_length=12)
    signature: str = Field(max_length=128)


class SignedPut(SignedGet):
    """The query of a signed URL for an upload."""

    part: int | None = Field(None, ge=1, le=10_000)


class Received(Document):
    """What came, as measured."""

    size: int
    sha256: str | None = Field(description="null: of a part.")
    md5: str | None

    @classmethod
    def of(cls, size: int, sha256: bytes | None, md5: bytes | None) -> "Received":
        """The document of what the store measured."""
        return cls.model_construct(size=size, sha256=hex_or_none(sha256), md5=hex_or_none(md5))
