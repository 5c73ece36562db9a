from pathlib import Path

import pytest

from guerdon.platform.keys import MasterKey, MasterKeyInvalid, load_master_key
from guerdon.platform.settings import SettingsInvalid, read_settings


def test_settings_come_from_the_environment_and_nothing_else_is_taken() -> None:
    settings = read_settings({"GUERDON_PORT": "9", "DATABASE_URL": "postgresql://db", "HOME": "/root"})

    assert settings.port == 9
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://db"
    assert "postgresql://db" not in repr(settings)


def test_every_mistake_in_the_settings_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings({"GUERDON_PROT": "9", "GUERDON_PORT": "70000", "GUERDON_LOG_LEVEL": "loud"})

    for name in ("GUERDON_PROT", "GUERDON_PORT", "GUERDON_LOG_LEVEL"):
        assert name in str(refused.value)


def test_a_sealed_secret_opens_only_in_its_context_and_with_its_key() -> None:
    key, other = MasterKey("k" * 32), MasterKey("o" * 32)
    sealed = key.encrypt(b"plain", "shop/secret")

    assert key.decrypt(sealed, "shop/secret") == b"plain"
    assert b"plain" not in sealed
    for wrong_key, context in ((other, "shop/secret"), (key, "bank/secret")):
        with pytest.raises(MasterKeyInvalid):
            wrong_key.decrypt(sealed, context)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    first, again = load_master_key(None, tmp_path), load_master_key(None, tmp_path)

    assert first.derive("a") == again.derive("a") != first.derive("b")
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_short_master_key_is_refused() -> None:
    with pytest.raises(MasterKeyInvalid):
        MasterKey("short")
