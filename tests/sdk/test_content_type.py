"""Content types by a name's extension and by the first bytes."""

from __future__ import annotations

import io
import json
import pickle
import struct
import wave
import zipfile

import numpy as np
import pytest

from sdk.content_type import BY_EXTENSION, HEAD_BYTES, content_type

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(4)


def array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("a", "b")
    return file.getvalue()


def sound() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(8))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.txt", b"words", "text/plain"),
        ("a.log", b"", "text/plain"),
        ("a.json", b"{}", "application/json"),
        ("a.jsonl", b"{}", "application/jsonl"),
        ("a.csv", b"a,b", "text/csv"),
        ("a.yaml", b"a: 1", "application/yaml"),
        ("a.ipynb", b"{}", "application/x-ipynb+json"),
        ("a.md", b"# a", "text/markdown"),
        ("a.py", b"import os", "text/x-python"),
        ("A.PNG", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.pkl", pickle.dumps([1]), "application/x-pickle"),
        ("a.parquet", b"PAR1", "application/vnd.apache.parquet"),
        ("a.safetensors", safetensors(), "application/x-safetensors"),
        ("a.npy", array(), "application/x-npy"),
        ("a.pt", archive(), "application/x-pytorch"),
        ("a.mp4", b"\0\0\0\x18ftypisom", "video/mp4"),
        ("a.tar.gz", b"\x1f\x8b", "application/gzip"),
        ("a.svg", b"<svg/>", "image/svg+xml"),
        ("logs.d/plain", b"words", "text/plain"),
    ],
)
def test_by_extension(name: str, head: bytes, expected: str) -> None:
    assert content_type(name, head) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"%PDF-1.4", "application/pdf"),
        (sound(), "audio/wav"),
        (array(), "application/x-npy"),
        (archive(), "application/zip"),
        (safetensors(), "application/x-safetensors"),
        (pickle.dumps({"a": 1}), "application/x-pickle"),
        (b"PAR1....", "application/vnd.apache.parquet"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypqt  ", "video/quicktime"),
        (b'{"a": [1, 2]}', "application/json"),
        (b"[1, 2", "text/plain"),
        (b'{"a": 1}\n{"a": 2}', "text/plain"),
        (b'{"a": "' + b"x" * HEAD_BYTES, "application/json"),
        (b"plain words\n", "text/plain"),
        ("größer".encode() * 300, "text/plain"),
        ("ö".encode()[:1], "text/plain"),
        (b"\xff\xfe\x00\x01", "application/octet-stream"),
        (b"nul\0nul", "application/octet-stream"),
        (b"", "text/plain"),
    ],
)
def test_by_content(head: bytes, expected: str) -> None:
    assert content_type("no_extension", head[:HEAD_BYTES]) == expected
    assert content_type("file.unknownext", head[:HEAD_BYTES]) == expected


def test_an_image_that_is_none_is_not_called_one() -> None:
    assert content_type("a.png", JPEG) == "image/jpeg"
    assert content_type("a.png", b"<script>") == "text/plain"
    assert content_type("a.pdf", b"\0\1\2") == "application/octet-stream"
    assert content_type("a.png", b"") == "image/png"


def test_every_type_can_stand_in_a_header() -> None:
    for extension, kind in BY_EXTENSION.items():
        assert extension == extension.lower()
        assert kind.isascii()
        assert kind.count("/") == 1
        assert " " not in kind
