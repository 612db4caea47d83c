"""
A bag: files that say of themselves whether they are whole (BagIt 1.0, RFC 8493).

``data/`` is the payload and ``manifest-sha256.txt`` its hashes; what stands beside it is described by
``tagmanifest-sha256.txt``. Both lists are in the form that ``sha256sum --check`` reads.
"""

import hashlib
from collections.abc import Mapping

PAYLOAD = "data/"
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def bag(payload: Mapping[str, bytes], *, beside: Mapping[str, bytes], info: Mapping[str, str]) -> dict[str, bytes]:
    """
    Return every file of the bag by its path.

    Args:
        payload: Paths that begin with ``data/``.
        beside: Further tag files, such as a page for people.
        info: Elements of ``bag-info.txt``; line breaks in a value become blanks.
    """
    size = sum(map(len, payload.values()))
    elements = dict(info) | {"Payload-Oxum": f"{size}.{len(payload)}"}
    lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in elements.items())
    tags = dict(beside) | {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": lines.encode("utf-8"),
        "manifest-sha256.txt": _manifest(payload),
    }
    return dict(payload) | tags | {"tagmanifest-sha256.txt": _manifest(tags)}


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files)).encode("ascii")
