from typing import Any

import pytest

from tests.configuration.builders import GOOD, save, with_icon
from tests.shops import Shop


async def test_the_core_tells_the_name_and_the_languages_of_the_pass_types(shop: Shop) -> None:
    await with_icon(shop)
    await save(shop, GOOD + "language: fr\nlocalization: {de: {Name: Wer}}\n")

    core = (await shop.ask("GET", "/config/tenant")).json()

    assert (core["name"], core["status"], core["defaultLanguage"]) == (shop.tenant_id, "active", "en")
    assert core["availableLanguages"] == ["en", "de", "fr"]


async def test_a_new_name_shows_on_the_next_drawing(shop: Shop) -> None:
    async with shop.house.database.tenant(shop.tenant_id) as tx:
        before = await tx.value("SELECT revision FROM tenant")

    changed = (await shop.ask("PATCH", "/config/tenant", {"name": "Ember & Oat", "defaultLanguage": "pt-BR"})).json()
    same = (await shop.ask("PATCH", "/config/tenant", {"name": "Ember & Oat"})).json()

    assert (changed["name"], changed["defaultLanguage"], changed["revision"]) == ("Ember & Oat", "pt-BR", before + 1)
    assert same == changed


async def test_a_change_is_an_event_of_its_caller_and_a_dry_run_is_none(shop: Shop) -> None:
    await shop.ask("PATCH", "/config/tenant", {"name": "Never"}, headers={"guerdon-dry-run": "true"})
    await shop.ask("PATCH", "/config/tenant", {"name": "Once"})

    async with shop.house.database.tenant(shop.tenant_id) as tx:
        (event,) = await tx.records("SELECT actor, payload FROM event WHERE kind = 'tenant.changed'")
    assert event["actor"].startswith("key:")
    assert '"Once"' in event["payload"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 201},
        {"name": "a\u0000"},
        {"name": "a\nb"},
        {"name": 7},
        {"defaultLanguage": "english"},
        {"defaultLanguage": "EN"},
        {"status": "disabled"},
        [],
        b"{",
    ],
)
async def test_a_core_that_is_none_is_refused(shop: Shop, body: Any) -> None:
    assert (await shop.ask("PATCH", "/config/tenant", body)).status_code == 400


async def test_the_core_is_for_those_who_may_read_it(shop: Shop) -> None:
    core, config, none = [await shop.make_key(scope) for scope in ("tenant.core:read", "Config.Read", "Pass.Read")]

    asked = [(await shop.ask("GET", "/config/tenant", key=key)).status_code for key in (core, config, none)]

    assert asked == [200, 200, 403]
    assert (await shop.ask("PATCH", "/config/tenant", {"name": "x"}, key=config)).status_code == 403
