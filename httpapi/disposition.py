"""Content-Disposition (RFC 6266): a file's name for whoever saves it, whatever characters it has."""

from urllib.parse import quote

# attr-char of RFC 8187 s3.2.1, but for letters and digits, which quote never touches.
_PLAIN = "!#$&+-.^_`|~"


def content_disposition(kind: str, name: str) -> str:
    """The header for `kind` ("attachment" or "inline") and a file's name.

    Gives an ASCII fallback, with "_" for what old clients misread, and the true name in UTF-8 where they
    differ.
    """
    fallback = "".join(c if " " <= c <= "~" and c not in '"\\%/' else "_" for c in name)
    header = f'{kind}; filename="{fallback}"'
    if fallback == name:
        return header
    encoded = quote(name.encode("utf-8", "surrogateescape"), safe=_PLAIN)
    return f"{header}; filename*=UTF-8''{encoded}"
