"""Whether a certificate is one that signs passes, and which intermediate issued it."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID, ObjectIdentifier

from guerdon.delivery.apple.errors import CertificateMistake
from guerdon.platform.clock import rfc3339

_IDENTIFIER_START = "pass."


def certificate_mistakes(
    certificate: x509.Certificate,
    *,
    now: datetime,
    pass_type_identifier: str | None,
    team_identifier: str | None,
) -> list[CertificateMistake]:
    """List what is wrong with the certificate itself: its names against those expected, and its dates."""
    mistakes = _dates(certificate, "certificate", now)
    pass_type = name_of(certificate, NameOID.USER_ID)
    team = name_of(certificate, NameOID.ORGANIZATIONAL_UNIT_NAME)
    if not pass_type.startswith(_IDENTIFIER_START):
        mistakes.append(
            _mistake(
                "pass_type_missing",
                f"The certificate is no Pass Type ID certificate: its UID is {pass_type or 'missing'!r} and "
                "should begin with pass. Make one under Identifiers, Pass Type IDs, in Apple's portal.",
            )
        )
    elif pass_type_identifier not in {None, pass_type}:
        mistakes.append(
            _mistake(
                "pass_type_mismatch",
                f"The certificate is for {pass_type}, and {pass_type_identifier} is wanted here.",
            )
        )
    if not team:
        mistakes.append(_mistake("team_missing", "The certificate names no team (OU)."))
    elif team_identifier not in {None, team}:
        mistakes.append(
            _mistake("team_mismatch", f"The certificate is of team {team}, and {team_identifier} is wanted here.")
        )
    return mistakes


def find_intermediate(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate], now: datetime
) -> tuple[x509.Certificate | None, list[CertificateMistake]]:
    """Find the certificate that issued this one, by name, key and signature; never by file name.

    Of several good ones the one that lives longest is taken.
    """
    namesakes = [one for one in candidates if one.subject == certificate.issuer]
    issuers = sorted((one for one in namesakes if _issued(one, certificate)), key=lambda one: one.not_valid_after_utc)
    issuer_name = certificate.issuer.rfc4514_string()
    if issuers:
        return issuers[-1], _issuer_mistakes(issuers[-1], now)
    if namesakes:
        return None, [
            CertificateMistake(
                "intermediate_wrong",
                "intermediate",
                f"The intermediate has the right name, {issuer_name}, and another key: it is of another "
                "generation than the one that issued this certificate.",
            )
        ]
    return None, [
        CertificateMistake(
            "intermediate_missing",
            "intermediate",
            f"The intermediate that issued this certificate is missing: {issuer_name}. "
            "Download it from Apple's page of certificate authorities and send it along.",
        )
    ]


def name_of(certificate: x509.Certificate, attribute: ObjectIdentifier) -> str:
    """Read one attribute of the subject; empty if there is none."""
    values = certificate.subject.get_attributes_for_oid(attribute)
    return str(values[0].value) if values else ""


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _issuer_mistakes(issuer: x509.Certificate, now: datetime) -> list[CertificateMistake]:
    mistakes = _dates(issuer, "intermediate", now)
    try:
        may_issue = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        may_issue = False
    if not may_issue:
        mistakes.append(
            CertificateMistake(
                "intermediate_not_authority", "intermediate", "The intermediate may not issue certificates."
            )
        )
    return mistakes


def _dates(certificate: x509.Certificate, part: str, now: datetime) -> list[CertificateMistake]:
    if certificate.not_valid_after_utc <= now:
        moment = rfc3339(certificate.not_valid_after_utc)
        return [CertificateMistake(f"{part}_expired", part, f"The {part} expired at {moment}; send its successor.")]
    if certificate.not_valid_before_utc > now:
        moment = rfc3339(certificate.not_valid_before_utc)
        return [
            CertificateMistake(
                f"{part}_not_yet_valid",
                part,
                f"The {part} is valid from {moment}, which is in the future; check the clock of this server.",
            )
        ]
    return []


def _mistake(code: str, message: str) -> CertificateMistake:
    return CertificateMistake(code, "certificate", message)
