"""Certificates that sign OpenDSR: a small CA of one's own where no other is named, and signing with them."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIVES = timedelta(days=3650)
LEAF_LIVES = timedelta(days=397)


@dataclass(frozen=True)
class Signer:
    """Signs as the domain of its certificate."""

    key: rsa.RSAPrivateKey
    chain: bytes  #: PEM, the leaf first

    def __repr__(self) -> str:
        return "<Signer>"

    def sign(self, raw: bytes) -> str:
        """The value of the signature header: RSASSA-PKCS1-v1_5 with SHA-256 over the raw bytes."""
        return base64.b64encode(self.key.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()


def read_signer(certificate: Path, key: Path) -> Signer:
    """The signer of a certificate's files; raises ``ValueError`` for what is none, ``OSError`` for what is missing."""
    return load_signer(certificate.read_bytes(), key.read_bytes())


def load_signer(chain: bytes, key: bytes) -> Signer:
    """The signer of a certificate and its key, PEM both; raises ``ValueError`` for what is none."""
    private = serialization.load_pem_private_key(key, password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError("OpenDSR signs with RSA, and this key is another kind's.")  # noqa: TRY004
    (leaf, *_) = x509.load_pem_x509_certificates(chain)
    if leaf.public_key() != private.public_key():
        raise ValueError("The key is not the certificate's.")
    return Signer(private, chain)


def make_certificate(domain: str, *, now: datetime | None = None) -> dict[str, bytes]:
    """A CA and a certificate of *domain*, by file name; the CA's key is thrown away once it has signed."""
    now = now or datetime.now(UTC)
    ca_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    ca_name = _name(f"{domain} desk CA")
    ski = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _begun(ca_name, ca_name, ca_key.public_key(), now, CA_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .add_extension(ski, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        _begun(_name(domain), ca_name, key.public_key(), now, LEAF_LIVES)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The key last: while it is missing, everything is made again.
    return {"ca.pem": ca.public_bytes(pem), "certificate.pem": leaf.public_bytes(pem), "key.pem": private}


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, lives: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lives)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_encipherment=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
