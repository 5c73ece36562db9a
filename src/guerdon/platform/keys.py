"""The master key of an installation, the keys derived from it, and encryption at rest."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guerdon.platform.settings import Settings

KEY_BYTES = 32
KEY_CHARACTERS_MIN = 32
NONCE_BYTES = 12
FORMAT_VERSION = b"\x01"


class MasterKeyInvalid(Exception):
    """The master key is too short, or does not open what was encrypted with another one."""


class MasterKey:
    """Derives one key per purpose, and encrypts small secrets with AES-256-GCM."""

    def __init__(self, text: str) -> None:
        """Take the operator's secret of at least 32 characters. Raises MasterKeyInvalid."""
        if len(text) < KEY_CHARACTERS_MIN:
            raise MasterKeyInvalid(f"The master key needs at least {KEY_CHARACTERS_MIN} characters.")
        self._text = text.encode()
        self._cipher = AESGCM(self.derive("secrets at rest"))

    def derive(self, purpose: str) -> bytes:
        """Give the 32-byte key of one purpose; it tells nothing of the others (HKDF, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=b"guerdon", info=purpose.encode()).derive(self._text)

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """Encrypt a secret so that it opens only in the same `context` (tenant and name)."""
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT_VERSION + nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def decrypt(self, sealed: bytes, context: str) -> bytes:
        """Open what `encrypt` sealed. Raises MasterKeyInvalid."""
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, context.encode())
        except InvalidTag as wrong:
            raise MasterKeyInvalid(f"The secret {context!r} was encrypted with another master key.") from wrong


def load_master_key(configured: str | None, home: Path) -> MasterKey:
    """Take the configured key, or the one in `home`, which is made (mode 0600) when there is none."""
    if configured is not None:
        return MasterKey(configured)
    path = home / "secret.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        _write_privately(path, secrets.token_urlsafe(48))
    return MasterKey(path.read_text().strip())


def configured_master_key(settings: Settings) -> MasterKey:
    """Take the master key that the settings name. Raises MasterKeyInvalid."""
    configured = None if settings.secret_key is None else settings.secret_key.get_secret_value()
    return load_master_key(configured, settings.home)


def _write_privately(path: Path, text: str) -> None:
    # Written aside and linked into place, so that two processes that start at once agree on one key.
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
