"""Which preview a file gets: by its name's ending first, then by its content type."""

from __future__ import annotations

from enum import StrEnum

KIB = 1024
MIB = 1024 * KIB


class Kind(StrEnum):
    """The sort of preview."""

    TEXT = "text"
    CODE = "code"
    MARKDOWN = "markdown"
    TABLE = "table"
    PARQUET = "parquet"
    JSON = "json"
    JSONL = "jsonl"
    NOTEBOOK = "notebook"
    SVG = "svg"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    PDF = "pdf"
    BINARY = "binary"


# Drawn by the browser's own decoders straight from the file's content, which cannot run script. All other
# kinds are rendered by us into a sandboxed frame.
DIRECT = frozenset({Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.PDF})

# How much of a file is read for its preview. Parquet keeps its index at the end, an SVG and a notebook are
# nothing until they are whole: for these a larger file has no preview.
LIMIT_BYTES = {
    Kind.TEXT: 512 * KIB,
    Kind.CODE: 512 * KIB,
    Kind.MARKDOWN: 512 * KIB,
    Kind.TABLE: 512 * KIB,
    Kind.PARQUET: 64 * MIB,
    Kind.JSON: 4 * MIB,
    Kind.JSONL: 512 * KIB,
    Kind.NOTEBOOK: 16 * MIB,
    Kind.SVG: 4 * MIB,
    Kind.BINARY: 4 * KIB,
}

# The content types that DIRECT elements may be given: a closed list, so that no type a client claims for its
# file decides what our page embeds.
DIRECT_TYPES = {
    "image/png": Kind.IMAGE,
    "image/jpeg": Kind.IMAGE,
    "image/gif": Kind.IMAGE,
    "image/webp": Kind.IMAGE,
    "image/avif": Kind.IMAGE,
    "image/bmp": Kind.IMAGE,
    "image/x-icon": Kind.IMAGE,
    "audio/mpeg": Kind.AUDIO,
    "audio/wav": Kind.AUDIO,
    "audio/x-wav": Kind.AUDIO,
    "audio/ogg": Kind.AUDIO,
    "audio/flac": Kind.AUDIO,
    "audio/mp4": Kind.AUDIO,
    "audio/aac": Kind.AUDIO,
    "video/mp4": Kind.VIDEO,
    "video/webm": Kind.VIDEO,
    "video/ogg": Kind.VIDEO,
    "video/quicktime": Kind.VIDEO,
    "application/pdf": Kind.PDF,
}

_ENDINGS = {
    Kind.TEXT: "txt log out err text",
    Kind.CODE: (
        "py pyi pyx c h cc cpp hpp cu cuh rs go js mjs ts tsx jsx java kt scala swift rb pl lua r jl m sh"
        " bash zsh fish ps1 sql yaml yml toml ini cfg conf env css scss html htm xml xsl proto thrift graphql"
        " tf hcl nix gradle cmake mk diff patch tex bib rst vim dockerfile makefile"
    ),
    Kind.MARKDOWN: "md markdown mdown",
    Kind.TABLE: "csv tsv",
    Kind.PARQUET: "parquet pq",
    Kind.JSON: "json geojson webmanifest",
    Kind.JSONL: "jsonl ndjson jsonlines",
    Kind.NOTEBOOK: "ipynb",
    Kind.SVG: "svg",
    Kind.IMAGE: "png jpg jpeg gif webp avif bmp ico",
    Kind.AUDIO: "mp3 wav ogg oga flac m4a aac",
    Kind.VIDEO: "mp4 webm ogv mov m4v",
    Kind.PDF: "pdf",
    Kind.BINARY: "pt pth ckpt bin safetensors onnx pkl pickle npy npz h5 zip gz tar zst xz 7z joblib msgpack",
}
_BY_ENDING = {ending: kind for kind, endings in _ENDINGS.items() for ending in endings.split()}

_TYPES = {
    "application/json": Kind.JSON,
    "application/x-ndjson": Kind.JSONL,
    "application/jsonl": Kind.JSONL,
    "application/x-ipynb+json": Kind.NOTEBOOK,
    "application/vnd.apache.parquet": Kind.PARQUET,
    "image/svg+xml": Kind.SVG,
    "text/csv": Kind.TABLE,
    "text/tab-separated-values": Kind.TABLE,
    "text/markdown": Kind.MARKDOWN,
    "text/html": Kind.CODE,
    "application/xml": Kind.CODE,
    "application/javascript": Kind.CODE,
    "application/yaml": Kind.CODE,
}


def kind_of(name: str, content_type: str) -> Kind:
    """The preview that a file of this name (its last component) and content type gets.

    A DIRECT kind is given only where the content type, which the browser will go by, agrees with it.
    """
    content_type = content_type.partition(";")[0].strip().lower()
    if direct := DIRECT_TYPES.get(content_type):
        return direct
    ending = name.rpartition(".")[2].lower()
    kind = _BY_ENDING.get(ending) or _TYPES.get(content_type)
    if kind is None:
        return Kind.TEXT if content_type.startswith("text/") else Kind.BINARY
    return Kind.BINARY if kind in DIRECT else kind
