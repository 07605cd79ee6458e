"""The content type of a file, by its name's extension and its first bytes."""

from __future__ import annotations

import os

HEAD_BYTES = 4096  # how much of a file `content_type` wants to see

BY_EXTENSION: dict[str, str] = {
    # text
    "txt": "text/plain", "log": "text/plain", "out": "text/plain", "err": "text/plain", "cfg": "text/plain",
    "ini": "text/plain", "conf": "text/plain", "tex": "text/x-tex", "rst": "text/x-rst",
    "md": "text/markdown", "csv": "text/csv", "tsv": "text/tab-separated-values", "html": "text/html",
    "htm": "text/html", "css": "text/css", "diff": "text/x-diff", "patch": "text/x-diff",
    "srt": "application/x-subrip",
    # structured text
    "json": "application/json", "jsonl": "application/jsonl", "ndjson": "application/jsonl",
    "yaml": "application/yaml", "yml": "application/yaml", "toml": "application/toml",
    "xml": "application/xml", "ipynb": "application/x-ipynb+json", "geojson": "application/geo+json",
    # code
    "py": "text/x-python", "pyi": "text/x-python", "sh": "text/x-shellscript", "bash": "text/x-shellscript",
    "js": "text/javascript", "ts": "text/x-typescript", "c": "text/x-c", "h": "text/x-c", "cc": "text/x-c++",
    "cpp": "text/x-c++", "cu": "text/x-cuda", "rs": "text/x-rust", "go": "text/x-go", "java": "text/x-java",
    "r": "text/x-r", "jl": "text/x-julia", "sql": "application/sql", "slurm": "text/x-shellscript",
    # images
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "bmp": "image/bmp", "svg": "image/svg+xml", "tif": "image/tiff", "tiff": "image/tiff",
    "avif": "image/avif",
    # sound and video
    "wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "m4a": "audio/mp4",
    "mp4": "video/mp4", "webm": "video/webm", "avi": "video/x-msvideo", "mov": "video/quicktime",
    "mkv": "video/matroska", "mpg": "video/mpeg", "mpeg": "video/mpeg",
    # documents
    "pdf": "application/pdf",
    # arrays, tables and models
    "pkl": "application/x-pickle", "pickle": "application/x-pickle", "joblib": "application/x-joblib",
    "npy": "application/x-npy", "npz": "application/x-npz", "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.file", "feather": "application/vnd.apache.arrow.file",
    "h5": "application/x-hdf5", "hdf5": "application/x-hdf5", "safetensors": "application/x-safetensors",
    "gguf": "application/x-gguf", "pt": "application/x-pytorch", "pth": "application/x-pytorch",
    "ckpt": "application/octet-stream", "bin": "application/octet-stream", "onnx": "application/onnx",
    "pb": "application/x-protobuf", "tflite": "application/x-tflite", "sqlite": "application/vnd.sqlite3",
    "db": "application/vnd.sqlite3",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    # archives
    "zip": "application/zip", "gz": "application/gzip", "tgz": "application/gzip",
    "bz2": "application/x-bzip2", "xz": "application/x-xz", "zst": "application/zstd",
    "tar": "application/x-tar", "7z": "application/x-7z-compressed",
}  # fmt: skip

# First bytes at an offset: a type that announces itself.
BY_CONTENT: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"ARROW1", "application/vnd.apache.arrow.file"),
    (0, b"\x89HDF\r\n\x1a\n", "application/x-hdf5"),
    (0, b"\x93NUMPY", "application/x-npy"),
    (0, b"GGUF", "application/x-gguf"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"PK\x03\x04", "application/zip"),
    *((0, b"\x80" + bytes([protocol]), "application/x-pickle") for protocol in (2, 3, 4, 5)),
)
# Types whose files always begin as above: a name that claims one of them is not believed without it.
CLAIMS = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "application/pdf"}
UNKNOWN = "application/octet-stream"


def content_type(path: str, head: bytes) -> str:
    """The type of the file `path` that begins with `head` (HEAD_BYTES of it, or all)."""
    named = BY_EXTENSION.get(os.path.splitext(path)[1][1:].lower())
    announced = next((kind for offset, magic, kind in BY_CONTENT if head[offset:].startswith(magic)), None)
    if named is None:
        return announced or (_text_type(head) if head else "text/plain")
    if named in CLAIMS and head and named != announced:
        return announced or _text_type(head)
    return named


def _text_type(head: bytes) -> str:
    """What bytes without a name for themselves look like: JSON, text, or unknown."""
    if _is_safetensors(head):
        return "application/x-safetensors"
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character that was cut at the end of the head
            return UNKNOWN
        text = head[: error.start].decode()
    if any(character < " " and character not in "\t\n\r\f\x1b" for character in text):
        return UNKNOWN
    first = text.lstrip()[:1]
    return "application/json" if first and first in "{[" and _is_json(text, len(head)) else "text/plain"


def _is_json(text: str, size: int) -> bool:
    import json

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        # A document longer than the head is cut: what was read must have been right up to there.
        return size >= HEAD_BYTES and (error.pos >= len(text) - 64 or error.msg.startswith("Unterminated"))
    return True


def _is_safetensors(head: bytes) -> bool:
    """Eight bytes of header length, little-endian, then a JSON object."""
    return len(head) > 9 and head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") <= 100 << 20
