"""The files of a sandbox under the home: authority, keys and issuers, made once and kept."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from guerdon.delivery.apple.development_authority import (
    DevelopmentAuthority,
    create_authority,
    issue_server_certificate,
)

LOOPBACK: Final = "127.0.0.1"
RSA_BITS: Final = 2048
RENEWED_BEFORE: Final = timedelta(days=30)
SERVICE_ACCOUNT: Final = "sandbox@guerdon-sandbox.example"


@dataclass(frozen=True, slots=True)
class SandboxFolder:
    """Where everything of a sandbox lies; `root` is absolute, and closed to everybody else."""

    root: Path

    @classmethod
    def of(cls, home: Path) -> "SandboxFolder":
        """Tell the folder of the sandbox in one home, and make it."""
        root = home.resolve() / "sandbox"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(root)

    @classmethod
    def find(cls, home: Path) -> "SandboxFolder | None":
        """Tell the folder of the sandbox in one home, if one is there that this user may look into."""
        folder = cls(home.resolve() / "sandbox")
        return folder if os.access(folder.root, os.R_OK | os.X_OK) else None

    @property
    def apple_root(self) -> Path:
        """The root certificate that passes and the push stand-in are checked against."""
        return self.root / "apple-root.pem"

    @property
    def push_certificate(self) -> Path:
        """The push stand-in's TLS certificate with its chain."""
        return self.root / "push-certificate.pem"

    @property
    def push_key(self) -> Path:
        """The key of that certificate."""
        return self.root / "push-key.pem"

    @property
    def token_key(self) -> Path:
        """The private key of the token issuer."""
        return self.root / "token-issuer-key.pem"

    @property
    def token_public(self) -> Path:
        """The public key of the token issuer."""
        return self.root / "token-issuer.pem"

    @property
    def issuers(self) -> Path:
        """The issuers' file that the API reads."""
        return self.root / "jwt-issuers.json"

    @property
    def google_public(self) -> Path:
        """The public half of the service account's key."""
        return self.root / "google-public.pem"

    @property
    def google_account(self) -> Path:
        """A service account in the shape in which Google hands them out."""
        return self.root / "google-service-account.json"

    @property
    def callback_key(self) -> Path:
        """The private key that signs what Google would call back with."""
        return self.root / "google-callback-key.pem"

    @property
    def curl_headers(self) -> Path:
        """The key as a header file for curl, so that it stands on no command line."""
        return self.root / "curl-headers"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, complete or not at all, in place of an earlier one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def ensure_authority(folder: SandboxFolder, now: datetime) -> DevelopmentAuthority:
    """Read the authority, or make it the first time."""
    intermediate, key = folder.root / "apple-intermediate.pem", folder.root / "apple-intermediate-key.pem"
    if not key.exists():
        made = create_authority(now)
        write_private(folder.apple_root, made.root_pem)
        write_private(intermediate, made.intermediate_pem)
        # Last, because its being there says that all three are.
        write_private(key, made.intermediate_key_pem)
    return DevelopmentAuthority(folder.apple_root.read_bytes(), intermediate.read_bytes(), key.read_bytes())


def ensure_push_certificate(folder: SandboxFolder, authority: DevelopmentAuthority, now: datetime) -> None:
    """Make the push stand-in's certificate, when there is none that is good for another month."""
    if folder.push_certificate.exists():
        certificate = x509.load_pem_x509_certificate(folder.push_certificate.read_bytes())
        if certificate.not_valid_after_utc - now > RENEWED_BEFORE:
            return
    chain, key = issue_server_certificate(
        authority, address=LOOPBACK, now=now, serial_number=x509.random_serial_number()
    )
    write_private(folder.push_key, key)
    write_private(folder.push_certificate, chain)


def ensure_token_key(folder: SandboxFolder) -> bytes:
    """Read the token issuer's private key, or make it the first time; the public one lies beside it."""
    return _ensure_key(folder.token_key, folder.token_public, _new_ec_key)


def ensure_google_keys(folder: SandboxFolder, api_url: str) -> None:
    """Make the keys that stand in for Google's the first time, and tell the account where its tokens come from."""
    private = _ensure_key(folder.root / "google-key.pem", folder.google_public, _new_rsa_key)
    _ensure_key(folder.callback_key, folder.root / "google-callback-public.pem", _new_ec_key)
    account = {
        "type": "service_account",
        "project_id": "guerdon-sandbox",
        "private_key_id": "sandbox",
        "private_key": private.decode(),
        "client_email": SERVICE_ACCOUNT,
        "token_uri": f"{api_url}/token",
    }
    write_private(folder.google_account, msgspec.json.format(msgspec.json.encode(account)))


def _ensure_key(
    private: Path, public: Path, new_key: Callable[[], ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]
) -> bytes:
    if not private.exists():
        made = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_private(private, made)
    pem = private.read_bytes()
    if not public.exists():
        key = load_pem_private_key(pem, password=None)
        write_private(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return pem


def _new_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
