"""
The check that goes into every evidence pack: it must agree with libraries it does not have.
"""

import ast
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.audit import AuditStep, canonical_json
from app.letters import evidence_verifier as verifier
from app.letters.evidence_pack import verifier as shipped
from app.letters.step_words import STEPS
from app.vault.signing import is_signed

#: RFC 8032, 7.1: (public key, message, signature).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


class TestSignature:
    @pytest.mark.parametrize("vector", VECTORS)
    def test_of_the_rfc_is_accepted(self, vector: tuple[str, str, str]) -> None:
        """RFC 8032, 7.1."""
        public, message, signature = (bytes.fromhex(one) for one in vector)

        assert verifier.is_signed(public, message, signature)
        assert not verifier.is_signed(public, message + b"x", signature)

    @settings(max_examples=40)
    @given(message=st.binary(max_size=200), place=st.integers(0, 511), which=st.sampled_from(["key", "signature"]))
    def test_is_judged_as_the_library_judges_it(self, message: bytes, place: int, which: str) -> None:
        """Whole, and with any one bit changed, in the signature or in the key."""
        key = Ed25519PrivateKey.generate()
        public, signature = key.public_key().public_bytes_raw(), key.sign(message)
        changed = bytearray(public if which == "key" else signature)
        changed[place // 8 % len(changed)] ^= 1 << place % 8
        tried = (bytes(changed), signature) if which == "key" else (public, bytes(changed))

        assert verifier.is_signed(public, message, signature)
        assert verifier.is_signed(tried[0], message, tried[1]) == is_signed(tried[0].hex(), message, tried[1])

    @pytest.mark.parametrize("signature", [b"", b"\x00" * 63, b"\xff" * 64, b"\x00" * 64])
    def test_that_is_none_is_refused(self, signature: bytes) -> None:
        """Whatever its length and whatever number it is."""
        assert not verifier.is_signed(bytes.fromhex(VECTORS[0][0]), b"", signature)
        assert not verifier.is_signed(b"\xff" * 32, b"", bytes.fromhex(VECTORS[0][2]))


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class TestSpelling:
    @given(value=TREES)
    def test_is_the_services(self, value: object) -> None:
        """Or every hash would differ."""
        assert verifier.canonical(value) == canonical_json(value)


class TestShippedCheck:
    def test_is_the_module_that_is_tested(self) -> None:
        """Byte for byte."""
        assert shipped() == Path(verifier.__file__).read_bytes()

    def test_needs_nothing_but_an_old_python(self) -> None:
        """The standard library, and no syntax newer than Python 3.8."""
        tree = ast.parse(shipped(), feature_version=(3, 8))
        named = {one.module for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
        named |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}

        assert named <= sys.stdlib_module_names

    def test_says_so_where_there_is_nothing(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """An empty folder is no pack."""
        assert verifier.main([str(tmp_path)]) == 1
        assert "manifest.json is missing" in capsys.readouterr().out


class TestStepWords:
    def test_are_there_for_every_step(self) -> None:
        """An authority reads words, not codes."""
        assert {str(one) for one in AuditStep} == set(STEPS)
