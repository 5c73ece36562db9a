"""Reading the operator's file of trusted token issuers, once at start."""

from pathlib import Path

import yaml
from joserfc.jwk import OctKey
from pydantic import TypeAdapter, ValidationError

from guerdon.access.bearer import Issuer
from guerdon.access.claims import ClaimRules
from guerdon.access.errors import IssuersInvalid
from guerdon.access.key_sources import FetchedKeys, FixedKeys, KeySource, KeysUnreadable, read_key_file
from guerdon.access.schemas import IssuerIn

ISSUERS_MAX = 100
SECRET_BYTES_MIN = 32

_entries = TypeAdapter(list[IssuerIn])


def read_issuers(path: Path | None) -> list[Issuer]:
    """Read the issuers (YAML or JSON); None means that no tokens are accepted.

    Key files are found beside the issuers' file. Raises IssuersInvalid.
    """
    if path is None:
        return []
    try:
        document: object = yaml.safe_load(path.read_text())
        entries = _entries.validate_python(document)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as unreadable:
        raise IssuersInvalid(f"{path} cannot be read: {unreadable}") from unreadable
    except ValidationError as refused:
        mistakes = [f"{path}: {_place(mistake['loc'])}: {mistake['msg']}" for mistake in refused.errors()]
        raise IssuersInvalid("\n".join(mistakes)) from refused
    _check_together(path, entries)
    return [_issuer(path.parent, entry) for entry in entries]


def _check_together(path: Path, entries: list[IssuerIn]) -> None:
    if len(entries) > ISSUERS_MAX:
        raise IssuersInvalid(f"{path}: there may be {ISSUERS_MAX} issuers.")
    if len({entry.name for entry in entries}) < len(entries):
        raise IssuersInvalid(f"{path}: two issuers have the same name.")
    if len({entry.issuer for entry in entries}) < len(entries):
        raise IssuersInvalid(f"{path}: two entries have the same issuer; a token could not be told apart.")


def _issuer(folder: Path, entry: IssuerIn) -> Issuer:
    tenants, scopes = entry.tenant.among, entry.scopes.among
    rules = ClaimRules(
        tenant_claim=entry.tenant.claim or "",
        tenant_value=entry.tenant.value,
        tenants=None if tenants is None else frozenset(tenants),
        subject_claims=entry.subject.claims,
        scope_claims=entry.scopes.claims,
        scopes_among=None if scopes is None else frozenset(scopes),
        may_choose=entry.tenant.choose,
    )
    return Issuer(entry.name, entry.issuer, entry.audience, frozenset(entry.algorithms), _keys(folder, entry), rules)


def _keys(folder: Path, entry: IssuerIn) -> KeySource:
    if entry.jwks_url is not None:
        return FetchedKeys(entry.name, entry.jwks_url)
    try:
        if entry.public_key_file is not None:
            content = (folder / entry.public_key_file).read_bytes()
            return FixedKeys(read_key_file(content, entry.algorithms))
        assert entry.shared_secret_file is not None
        secret = (folder / entry.shared_secret_file).read_bytes().strip()
    except (OSError, KeysUnreadable) as unreadable:
        raise IssuersInvalid(f"issuer {entry.name}: the key cannot be read: {unreadable}") from unreadable
    if len(secret) < SECRET_BYTES_MIN:
        raise IssuersInvalid(f"issuer {entry.name}: the shared secret needs at least {SECRET_BYTES_MIN} bytes.")
    try:
        return FixedKeys([OctKey.import_key(secret)])
    except ValueError as public:
        # A public key, which everybody may know, must never check a shared-secret signature.
        raise IssuersInvalid(f"issuer {entry.name}: the shared secret is a public key.") from public


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
