"""How the privileges of a pass show on it: which ones, as what fields, with what progress."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from guerdon.passes.pass_type_parts import PrivilegesSpec
from guerdon.rendering.model import (
    FieldView,
    LinkView,
    LocalText,
    PrivilegeSubject,
    PrivilegeView,
    SubjectLink,
    Text,
)
from guerdon.rendering.names import privilege_item
from guerdon.rendering.writing import Writer

PRIVILEGE_KEY_PREFIX: Final = "privilege-"


def still_valid(privileges: Iterable[PrivilegeSubject], now: datetime) -> list[PrivilegeSubject]:
    """Keep the privileges whose deletion date has not come; the instant itself is already too late."""
    return [one for one in privileges if one.deletion_date is None or one.deletion_date > now]


def privilege_views(
    spec: PrivilegesSpec, shown: Sequence[PrivilegeSubject], writer: Writer
) -> tuple[PrivilegeView, ...]:
    """Give the privileges as the hosted page and the preview list them."""
    return tuple(_view(spec, privilege, writer) for privilege in shown)


def privilege_fields(spec: PrivilegesSpec, shown: Sequence[PrivilegeSubject], writer: Writer) -> Iterable[FieldView]:
    """Make one field of each privilege by the template of the pass type; empty ones are left out."""
    for privilege in shown:
        item_writer = writer.with_item(privilege_item(privilege, writer.speech))
        value = item_writer.text(spec.field.value, "privileges.field.value")
        if not value.default.strip() and not value.translations:
            continue
        prints_number = bool(spec.field.number or spec.field.currency)
        number = item_writer.number(spec.field.value, "privileges.field.value") if prints_number else None
        yield FieldView(
            key=PRIVILEGE_KEY_PREFIX + privilege.id,
            label=item_writer.text(spec.field.label, "privileges.field.label"),
            value=value,
            change_message=item_writer.text(spec.field.change_message, "privileges.field.changeMessage"),
            number=number,
            number_style=spec.field.number if number is not None else None,
            currency=item_writer.plain(spec.field.currency, "privileges.field.currency") or None
            if number is not None
            else None,
            alignment=spec.field.alignment,
            privilege_id=privilege.id,
        )


def _view(spec: PrivilegesSpec, privilege: PrivilegeSubject, writer: Writer) -> PrivilegeView:
    item_writer = writer.with_item(privilege_item(privilege, writer.speech))
    goal = item_writer.number(spec.goal, "privileges.goal")
    return PrivilegeView(
        id=privilege.id,
        type=privilege.type,
        title=_text(privilege.title, writer),
        description=_text(privilege.description, writer),
        value=privilege.value,
        goal=goal if goal is not None and goal > 0 else None,
        ends_at=privilege.deletion_date,
        thumbnail_url=_text(privilege.thumbnail_url, writer),
        call_to_action=_link(privilege.call_to_action, writer),
        legal_information=_link(privilege.legal_information, writer),
    )


def _text(text: LocalText, writer: Writer) -> Text:
    default = text.in_language(writer.language)
    spoken = {language: text.in_language(language) for language in {*writer.languages, *text.values}}
    return Text(default, {language: said for language, said in spoken.items() if said != default})


def _link(link: SubjectLink | None, writer: Writer) -> LinkView | None:
    return None if link is None else LinkView(_text(link.title, writer), link.url)
