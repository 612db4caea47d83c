#!/usr/bin/env python3
"""
Kontrollerar ett bevispaket från Insyn / checks an evidence pack from Insyn.

    python3 verify.py [--key HEX] [FOLDER]

Needs Python 3.8 or newer and nothing else: no network, no installation, nothing of the service that made the pack.
It checks, in this order:

1. every file against ``manifest.json``;
2. the audit chain, entry by entry, and that the last export written in it is of exactly this manifest;
3. that the chain stood where ``proof/inclusion.json`` says when the checkpoint was made (Merkle path, RFC 6962);
4. the checkpoint's signature (Ed25519, RFC 8032).

The checkpoint is only worth something if its key is the controller's: compare the key that is printed with the one
you were given another way, or name that one with ``--key``.

Ends with 0 if all is well, 1 if something differs, 2 if it cannot be told (no checkpoint, or nothing to check).
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

GENESIS = "0" * 64
AUDIT, CHECKPOINT, INCLUSION, MANIFEST = "audit.jsonl", "proof/checkpoint.json", "proof/inclusion.json", "manifest.json"
#: Left behind by the systems folders are opened on.
NOISE = {".DS_Store", "Thumbs.db", "desktop.ini"}
BESIDE = {AUDIT, CHECKPOINT, INCLUSION, MANIFEST}

# --- Ed25519, verification only (RFC 8032, 5.1.7 and 6) ---------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = Tuple[int, int, int, int]


def add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def is_same(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def recover_x(y: int, sign: int) -> Optional[int]:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point_of(said: bytes) -> Optional[Point]:
    if len(said) != 32:
        return None
    y = int.from_bytes(said, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0) or 0
BASE: Point = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the key with this public half made *signature* over *message*."""
    if len(signature) != 64:
        return False
    key, commitment, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= Q:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    return is_same(times(s, BASE), add(commitment, times(challenge, key)))


# --- the same spelling and hashes as the service ----------------------------------------------------------------------


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=lambda one: one.encode("utf-16-be"))}
    return [ordered(one) for one in value] if isinstance(value, list) else value


def canonical(value: Any) -> bytes:
    """RFC 8785, as far as it is needed: no fractions."""
    return json.dumps(ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def sha256(said: bytes) -> str:
    return hashlib.sha256(said).hexdigest()


class Differs(Exception):
    """What was found to differ, in words."""


class Untold(Exception):
    """Why it cannot be told."""


def read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise Differs(f"{name} is missing or cannot be read") from None


def spelt(line: bytes, name: str) -> Any:
    """The value of a line that is spelt as the service spells it: so nothing hides in spaces or doubled keys."""
    value = json.loads(line)
    if canonical(value) != line:
        raise Differs(f"{name}: a line is not spelt as it was written")
    return value


# --- the four checks --------------------------------------------------------------------------------------------------


def check_files(folder: Path) -> Dict[str, Any]:
    """The manifest, every file in it being as it says."""
    manifest: Dict[str, Any] = json.loads(read(folder, MANIFEST))
    wrong = [name for name, digest in sorted(manifest["files"].items()) if sha256(read(folder, name)) != digest]
    if wrong:
        raise Differs("changed: " + ", ".join(wrong))
    there = {
        str(one.relative_to(folder).as_posix()) for one in folder.rglob("*") if one.is_file() and one.name not in NOISE
    }
    more = sorted(there - BESIDE - set(manifest["files"]))
    if more:
        raise Differs("not part of the pack: " + ", ".join(more))
    return manifest


def check_chain(folder: Path, manifest: Dict[str, Any]) -> List[Dict[str, Any]]:
    """The links of the chain, each following the one before, and the last export being of this manifest."""
    said, *links = [spelt(line, AUDIT) for line in read(folder, AUDIT).rstrip(b"\n").split(b"\n")]
    before = GENESIS
    for number, link in enumerate(links, start=1):
        entry = link["entry"]
        whose = (entry["controller"], entry["request_id"], entry["seq"])
        if whose != (manifest["controller"], manifest["request_id"], number):
            raise Differs(f"{AUDIT}, entry {number}: it is another request's, or one is missing before it")
        made_of = sha256(canonical({"entry": entry, "format": said["format"], "prev": link["prev"]}))
        if link["prev"] != before or link["hash"] != made_of:
            raise Differs(f"{AUDIT}, entry {number}: it is not what was written, or does not follow the one before")
        before = link["hash"]
    if said["heads"] != [{"hash": before, "request_id": manifest["request_id"], "seq": len(links)}]:
        raise Differs(f"{AUDIT}: its end is not the one its first line states")
    exports = [link["entry"] for link in links if link["entry"]["step"] == "evidence:exported"]
    if not exports or exports[-1]["facts"].get("sha256") != sha256(read(folder, MANIFEST)):
        raise Differs(f"{MANIFEST} is not the one that was written down when this pack was made")
    return links


def check_inclusion(folder: Path, manifest: Dict[str, Any], links: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The checkpoint, in which the chain stands as it does here."""
    if not (folder / CHECKPOINT).exists():
        raise Untold(
            "no checkpoint had been made of this request yet: the chain fits, its end is nobody's word but ours"
        )
    checkpoint: Dict[str, Any] = spelt(read(folder, CHECKPOINT).rstrip(b"\n"), CHECKPOINT)
    proof, body = json.loads(read(folder, INCLUSION)), checkpoint["checkpoint"]
    seq = proof["seq"]
    if not 1 <= seq <= len(links) or links[seq - 1]["hash"] != proof["hash"]:
        raise Differs(f"{AUDIT}, entry {seq}: the checkpoint knows another one there, or the end is missing")
    if (body["controller"], proof["size"]) != (manifest["controller"], body["size"]):
        raise Differs(f"{CHECKPOINT} is another controller's, or not the one the proof is for")
    leaf = canonical([manifest["controller"], manifest["request_id"], seq, proof["hash"]])
    if not leads_to(body["root"], leaf, proof["index"], proof["size"], [bytes.fromhex(one) for one in proof["path"]]):
        raise Differs(f"{INCLUSION} does not lead from this chain to the checkpoint")
    return checkpoint


def leads_to(root: str, leaf: bytes, index: int, size: int, path: List[bytes]) -> bool:
    """RFC 9162, 2.1.3.2."""
    reached, at, last = hashlib.sha256(b"\x00" + leaf).digest(), index, size - 1
    if not 0 <= index < size:
        return False
    for sibling in path:
        if last == 0:
            return False
        if at % 2 or at == last:
            reached = hashlib.sha256(b"\x01" + sibling + reached).digest()
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            reached = hashlib.sha256(b"\x01" + reached + sibling).digest()
        at, last = at // 2, last // 2
    return last == 0 and reached.hex() == root


def check_signature(checkpoint: Dict[str, Any], key: Optional[str]) -> str:
    """The public key by which the checkpoint is signed."""
    public: str = key or checkpoint["key"]
    message = canonical(checkpoint["checkpoint"])
    if not is_signed(bytes.fromhex(public), message, bytes.fromhex(checkpoint["signature"])):
        raise Differs(f"{CHECKPOINT} was not signed by the key {public}")
    return public


def check(folder: Path, key: Optional[str]) -> Iterator[str]:
    """A line for each check that is passed."""
    manifest = check_files(folder)
    yield f"OK  files: {len(manifest['files'])} as the manifest says ({manifest['reference']})"
    links = check_chain(folder, manifest)
    yield f"OK  audit chain: {len(links)} entries, and this pack is the one it speaks of"
    checkpoint = check_inclusion(folder, manifest, links)
    body = checkpoint["checkpoint"]
    yield f"OK  checkpoint {body['number']} of {body['day']} has the chain as it is here"
    public = check_signature(checkpoint, key)
    told = (
        "the key you named" if key else f"{public}\n    compare it with the key the controller has given you elsewhere"
    )
    yield f"OK  checkpoint signed by {told}"


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description="Checks an evidence pack from Insyn, offline.")
    parser.add_argument("--key", help="the controller's public key, 64 hex digits, as you got it another way")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent), help="where the pack lies")
    said = parser.parse_args(arguments)
    try:
        for line in check(Path(said.folder), said.key):
            print(line)
    except Differs as found:
        print(f"DIFFERS  {found}")
        print("NOT OK: something was changed / något har ändrats")
        return 1
    except Untold as why:
        print(f"NOTE  {why}")
        print("INCOMPLETE: nothing differs, but it is not proven / inget skiljer sig, men det är inte bevisat")
        return 2
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        print("NOT OK: this is no evidence pack, or a file of it was cut / det här är inget helt bevispaket")
        return 1
    print("OK: nothing differs / inget skiljer sig")
    return 0


if __name__ == "__main__":
    sys.exit(main())
