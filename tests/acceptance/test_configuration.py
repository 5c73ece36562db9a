"""A designer and an administrator at work, without a command line."""

import uuid
from typing import cast

import pytest

from guerdon.entrypoints.sandbox import FILES
from guerdon_client import Conflict, Forbidden, Guerdon, InvalidRequest, NotFound, PreconditionFailed, Unauthenticated
from tests.acceptance.running import Running, refused_soon

TYPE = """\
kind: customerCard
organization: Ember
description: A card
images: {icon: loyalty-icon.png}
fields: {primary: [{key: name, label: Name, value: "{{ metadata.name }}"}]}
"""


@pytest.fixture
def name() -> str:
    """A name that nothing has had."""
    return f"n{uuid.uuid4().hex[:12]}"


def test_a_type_is_designed_issued_and_rolled_back(shop: Guerdon, name: str) -> None:
    path = f"server/passes/{name}.yaml"
    shop.put_file(path, TYPE.encode(), is_new=True)
    pass_id = shop.create_pass(name, metadata={"name": "Ada"}).pass_id
    shop.put_file(path, TYPE.replace("label: Name", "label: Holder").encode(), if_version=1)
    changed = label_of(shop, pass_id)

    back = shop.roll_back_file(path, 1, if_version=2)

    assert (changed, label_of(shop, pass_id)) == ("Holder", "Name")
    assert (back.version, shop.get_file(path).content) == (3, TYPE.encode())
    assert "-fields" in shop.diff_file(path, 1, 2)
    with pytest.raises(Conflict):
        shop.remove_file(path)


def label_of(shop: Guerdon, pass_id: str) -> object:
    """The label of the first field, as Apple's phones would show it."""
    fields = cast("dict[str, list[dict[str, object]]]", shop.preview_pass(pass_id).apple["fields"])
    return fields["primary"][0]["label"]


def test_two_designers_do_not_overwrite_each_other(shop: Guerdon, name: str) -> None:
    path = f"server/texts/{name}.txt"
    shop.put_file(path, b"one")
    shop.put_file(path, b"two", if_version=1)

    with pytest.raises(PreconditionFailed):
        shop.put_file(path, b"three", if_version=1)

    assert [one.version for one in shop.list_file_versions(path)] == [2, 1]
    shop.remove_file(path, if_version=2)
    with pytest.raises(NotFound):
        shop.get_file(path)


def test_what_apple_would_refuse_is_told_with_its_place(shop: Guerdon, name: str) -> None:
    wrong = {f"server/passes/{name}.yaml": (TYPE + "apple:\n  extra:\n    colour: red\n").encode()}

    (found,) = shop.validate_files(wrong).findings
    with pytest.raises(InvalidRequest) as refused:
        shop.push_files(wrong)

    assert (found.rule, found.severity, found.line) == ("unknown-key", "error", 8)
    assert len(refused.value.extra["findings"]) == 1  # pyright: ignore[reportArgumentType]
    assert name not in {one.name for one in shop.list_pass_types()}


def test_the_whole_sandbox_is_pushed_again_and_nothing_differs(shop: Guerdon) -> None:
    files = {str(path.relative_to(FILES)): path.read_bytes() for path in FILES.rglob("*") if path.is_file()}

    pushed = shop.push_files(files)

    assert (pushed.changes, pushed.findings) == ((), ())
    assert {"loyalty", "ticket", "giftcard", "offer", "generic"} <= {one.name for one in shop.list_pass_types()}
    assert shop.preview_pass_type("loyalty", "de")["language"] == "de"


def test_a_role_gives_a_key_its_reach_and_takes_it(shop: Guerdon, running: Running, name: str, pass_id: str) -> None:
    shop.create_role(name, ["Pass.Read"])
    created = shop.create_api_key(name, [], roles=[name])
    with running.client(created.text) as clerk:
        clerk.get_pass_document(pass_id)
        shop.change_role(name, ["Webhook.Read"])
        assert refused_soon(Forbidden, lambda: clerk.get_pass_document(pass_id))
        shop.enable_api_key(name, is_enabled=False)
        assert refused_soon(Unauthenticated, lambda: clerk.get_pass_document(pass_id))
    shop.revoke_api_key(name)
    shop.delete_role(name)


def test_a_key_is_replaced_while_the_old_one_still_works(
    shop: Guerdon, running: Running, name: str, pass_id: str
) -> None:
    old = shop.create_api_key(name, ["Pass.Read"])

    new = shop.rotate_api_key(name)

    for text in (old.text, new.text):
        with running.client(text) as till:
            assert till.get_pass_document(pass_id).pass_id == pass_id
    assert shop.get_api_key(name).key_id == new.key.key_id
    shop.revoke_api_key(name)


def test_secrets_and_the_certificate_are_told_and_never_shown(shop: Guerdon, reader: Guerdon, name: str) -> None:
    shop.put_secret(f"identifiers/{name}.secret", b"hush")

    assert f"identifiers/{name}.secret" in {one.name for one in shop.list_secrets()}
    assert shop.get_apple_certificate().pass_type_identifier == "pass.org.example.demo"
    with pytest.raises(Forbidden):
        reader.list_secrets()
    shop.delete_secret(f"identifiers/{name}.secret")


def test_the_tenant_is_called_something_else_for_a_while(shop: Guerdon, running: Running) -> None:
    before = shop.get_tenant()

    changed = shop.change_tenant(name="Ember & Oat")
    back = shop.change_tenant(name=before.name)

    assert (changed.name, changed.revision, back.name) == ("Ember & Oat", before.revision + 1, before.name)
    assert before.tenant_id == running.sandbox.tenant_id
    assert before.available_languages[0] == before.default_language
