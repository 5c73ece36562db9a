"""Why a pass, a picture or a certificate for Apple Wallet is refused.

PackageFileRefused     400  a file name or size that a pass may not carry
TooManyPasses          400  a bundle holds at most ten passes and 150 MB
SignerMismatch         409  the pass names another pass type or team than the certificate
SignerExpired          409  the certificate is not valid at the moment of signing
PassTokenRefused       401  the device has no token of this pass
NoAppleIdentity        409  the tenant has no certificate for Apple Wallet yet
ImageRefused           400  the upload is no picture that can become a pass image
P12Unreadable          400  the bytes are no PKCS#12 container
P12PasswordWrong       400  the container does not open with this password
PemUnreadable          400  the text holds no certificate or key that can be read
KeyPasswordWrong       400  the private key does not open with this password
CertificateNotAccepted 400  the certificate was read and cannot sign passes; `mistakes` has every reason
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from guerdon.platform.clock import rfc3339
from guerdon.platform.problems import Problem, Unauthenticated


class NoAppleIdentity(Problem):
    """The tenant has no certificate for Apple Wallet yet."""

    status, code, title = 409, "no_apple_identity", "No Apple certificate"

    def __init__(self) -> None:
        super().__init__("This tenant has no Apple certificate yet; upload one with `guerdon apple certificate`.")


class PassTokenRefused(Unauthenticated):
    """The device has no token of this pass."""

    code = "pass_token_refused"

    def __init__(self) -> None:
        super().__init__(
            "Send Authorization: ApplePass with the authenticationToken of the pass that the address names."
        )
        self.headers["WWW-Authenticate"] = 'ApplePass realm="guerdon"'


class PackageFileRefused(Problem):
    """A file name or size that a pass may not carry."""

    status, code, title = 400, "package_file_refused", "This file cannot go into a pass"


class TooManyPasses(Problem):
    """A bundle holds at most ten passes and 150 MB."""

    status, code, title = 400, "too_many_passes", "The bundle is too large"

    def __init__(self, *, passes: int, bytes_total: int, passes_max: int, bytes_max: int) -> None:
        super().__init__(
            f"A bundle holds 1 to {passes_max} passes and at most {bytes_max} bytes; "
            f"this one has {passes} passes and {bytes_total} bytes."
        )


class SignerMismatch(Problem):
    """The pass names another pass type or team than the certificate."""

    status, code, title = 409, "apple_signer_mismatch", "The certificate belongs to another pass type"

    def __init__(self, key: str, *, named: object, certified: str) -> None:
        super().__init__(
            f"The pass has {key} {named!r}, the certificate is for {certified!r}. "
            "Both must be the same, or Wallet refuses the pass."
        )


class SignerExpired(Problem):
    """The certificate is not valid at the moment of signing."""

    status, code, title = 409, "apple_certificate_expired", "The certificate has run out"

    def __init__(self, pass_type_identifier: str, expires_at: datetime) -> None:
        super().__init__(
            f"The certificate of {pass_type_identifier} expired at {rfc3339(expires_at)}. "
            "Installed passes stay; upload a new certificate to issue and update passes again."
        )


class ImageRefused(Problem):
    """The upload is no picture that can become a pass image."""

    status, code, title = 400, "image_refused", "The picture cannot be used"


class P12Unreadable(Problem):
    """The bytes are no PKCS#12 container."""

    status, code, title = 400, "p12_unreadable", "The .p12 file cannot be read"

    def __init__(self) -> None:
        super().__init__(
            "The upload is not a PKCS#12 container. In Keychain Access, select the certificate together with "
            "its private key and export both as .p12."
        )


class P12PasswordWrong(Problem):
    """The container does not open with this password."""

    status, code, title = 400, "p12_password_wrong", "The .p12 file does not open"

    def __init__(self) -> None:
        super().__init__("The .p12 file does not open with this password. Send the one chosen at the export.")


class PemUnreadable(Problem):
    """The text holds no certificate or key that can be read."""

    status, code, title = 400, "pem_unreadable", "The PEM text cannot be read"

    def __init__(self, what: str) -> None:
        super().__init__(f"The {what} is not readable PEM or DER. Send the whole text, BEGIN and END lines included.")


class KeyPasswordWrong(Problem):
    """The private key does not open with this password."""

    status, code, title = 400, "key_password_wrong", "The private key does not open"

    def __init__(self) -> None:
        super().__init__("The private key is encrypted and does not open with this password.")


@dataclass(frozen=True, slots=True)
class CertificateMistake:
    """One reason why a certificate cannot sign passes; `part` is certificate, key or intermediate."""

    code: str
    part: str
    message: str


class CertificateNotAccepted(Problem):
    """The certificate was read and cannot sign passes."""

    status, code, title = 400, "certificate_not_accepted", "The certificate cannot sign passes"

    def __init__(self, mistakes: Sequence[CertificateMistake]) -> None:
        errors: dict[str, list[str]] = {}
        for mistake in mistakes:
            errors.setdefault(mistake.part, []).append(mistake.message)
        super().__init__(
            " ".join(mistake.message for mistake in mistakes),
            errors=errors,
            extra={"mistakes": [{"code": mistake.code, "message": mistake.message} for mistake in mistakes]},
        )
        self.mistakes = tuple(mistakes)
