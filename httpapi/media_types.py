"""What a file is, by its name, for whoever saved it without saying so."""

import mimetypes

UNKNOWN = "application/octet-stream"
# What training runs write and Python's own table lacks or has otherwise.
OWN = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".ipynb": "application/x-ipynb+json",
    ".jsonl": "application/jsonl",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pkl": "application/x-pickle",
    ".pickle": "application/x-pickle",
    ".py": "text/x-python",
    ".safetensors": "application/x-safetensors",
    ".toml": "application/toml",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zst": "application/zstd",
}
_TABLE = mimetypes.MimeTypes(filenames=())  # the same on every machine: none of its files is read


def media_type(name: str) -> str:
    """The media type of a file of this name."""
    dot = name.rfind(".")
    extension = name[dot:].lower() if dot >= 0 else ""
    if extension in OWN:
        return OWN[extension]
    return _TABLE.types_map[True].get(extension) or UNKNOWN
