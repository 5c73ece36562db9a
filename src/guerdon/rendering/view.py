"""From a pass type, a pass and its privileges to the one view that every delivery draws from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, cast

from guerdon.passes.pass_type import PassType
from guerdon.passes.pass_type_parts import (
    IMAGE_NAME,
    BarcodeSpec,
    FieldSpec,
    Group,
    ImageRole,
    LinkSpec,
    LocationSpec,
    RelevantDateSpec,
)
from guerdon.rendering.apple_part import apple_view
from guerdon.rendering.colors import Color, Colors, find_color
from guerdon.rendering.model import (
    GROUPS,
    Barcode,
    FieldView,
    LinkView,
    Location,
    PassSubject,
    PassView,
    Place,
    PrivilegeSubject,
    RelevantDate,
    Text,
)
from guerdon.rendering.names import make_names
from guerdon.rendering.privileges_shown import privilege_fields, privilege_views, still_valid
from guerdon.rendering.writing import Writer

VOIDED_KEY: Final = "voided"
LOCATIONS_MAX: Final = 10  # what Apple Wallet takes

_WHITE, _BLACK = Color(255, 255, 255), Color(0, 0, 0)


def render_view(
    pass_type: PassType, subject: PassSubject, privileges: Sequence[PrivilegeSubject], now: datetime
) -> PassView:
    """Draw a pass as it stands at `now`; `privileges` are in display order.

    Never fails for the data of a pass: what cannot be filled in is left out and stands in `faults`.
    A privilege whose deletion date has come is not shown.
    """
    valid = still_valid(privileges, now)
    writer = Writer.of(pass_type, make_names(subject, valid, pass_type.language, pass_type.localization, now))
    shown = valid[: pass_type.privileges.shown]
    is_voided = subject.is_voided or writer.is_true(pass_type.voided.when, "voided.when")
    voided_text = writer.text(pass_type.voided.text, "voided.text") if is_voided else Text()
    return PassView(
        pass_id=subject.id,
        pass_type=pass_type.name,
        tenant_id=subject.tenant_id,
        kind=pass_type.kind,
        layout=pass_type.layout,
        language=pass_type.language,
        languages=pass_type.languages(),
        organization=writer.text(pass_type.organization, "organization"),
        description=writer.text(pass_type.description, "description"),
        logo_text=writer.text(pass_type.logo_text, "logoText"),
        colors=_colors(pass_type, shown, writer),
        images=_images(pass_type, writer),
        barcodes=() if is_voided and pass_type.voided.hide_barcodes else _barcodes(pass_type.barcodes, writer),
        fields=_fields(pass_type, shown, writer, voided_text),
        links=_links(pass_type.links, writer),
        privileges=privilege_views(pass_type.privileges, shown, writer),
        locations=_locations(pass_type.locations, subject.places, writer),
        max_distance_m=pass_type.relevance.max_distance_m,
        relevant_dates=tuple(_relevant_dates(pass_type.relevance.dates, writer)),
        expires_at=_utc(writer.instant(pass_type.expiry, "expiry")),
        is_voided=is_voided,
        voided_text=voided_text,
        apple=apple_view(pass_type, writer),
        google=cast("Mapping[str, object]", writer.raw(pass_type.google, "google")),
        # Last, when everything has been filled in.
        faults=tuple(writer.faults),
        tells_time=writer.present.was_asked,
    )


def _colors(pass_type: PassType, shown: Sequence[PrivilegeSubject], writer: Writer) -> Colors:
    spec = pass_type.colors
    background = writer.color(spec.background, _WHITE, "colors.background")
    foreground = writer.color(spec.foreground, _BLACK, "colors.foreground")
    label = writer.color(spec.label, foreground, "colors.label")
    top = next((one for one in shown if one.background_color or one.foreground_color), None)
    if top is None or not pass_type.privileges.colors_from_top:
        return Colors(background, foreground, label)
    colored = find_color(top.foreground_color or "")
    return Colors(find_color(top.background_color or "") or background, colored or foreground, colored or label)


def _images(pass_type: PassType, writer: Writer) -> Mapping[ImageRole, Mapping[str, str]]:
    files: dict[ImageRole, dict[str, str]] = {}
    for role, names in pass_type.images.items():
        filled = {language: _image_name(name, writer, f"images.{role}") for language, name in names.items()}
        present = {language: name for language, name in filled.items() if name}
        if present:
            files[role] = present
    return files


def _image_name(source: str, writer: Writer, path: str) -> str:
    name = writer.plain(source, path)
    if name and IMAGE_NAME.fullmatch(name) is None:
        writer.note(path, f"{name[:40]!r} is not the name of a PNG, JPEG or WebP file.")
        return ""
    return name


def _barcodes(specs: Iterable[BarcodeSpec], writer: Writer) -> tuple[Barcode, ...]:
    filled = (
        Barcode(
            format=spec.format,
            message=writer.plain(spec.message, f"barcodes[{index}].message"),
            alt_text=writer.text(spec.alt_text, f"barcodes[{index}].altText"),
            encoding=spec.encoding,
        )
        for index, spec in enumerate(specs)
    )
    return tuple(barcode for barcode in filled if barcode.message)


def _fields(
    pass_type: PassType, shown: Sequence[PrivilegeSubject], writer: Writer, voided_text: Text
) -> Mapping[Group, tuple[FieldView, ...]]:
    spec = pass_type.privileges
    groups: dict[Group, list[FieldView]] = {group: [] for group in GROUPS}
    for group, fields in groups.items():
        for index, field in enumerate(pass_type.fields.of(group)):
            view = field_view(field, writer, f"fields.{group}[{index}]")
            if view is not None:
                fields.append(view)
    groups[spec.group].extend(privilege_fields(spec, shown, writer))
    if voided_text:
        label = writer.text(pass_type.voided.label, "voided.label")
        groups["header"].insert(0, FieldView(VOIDED_KEY, label, voided_text))
    return {group: tuple(fields) for group, fields in groups.items() if fields}


def field_view(field: FieldSpec, writer: Writer, path: str) -> FieldView | None:
    """Fill in one field; `None` when its value comes out empty, because then it is left out."""
    value = writer.text(field.value, f"{path}.value")
    if not value.default.strip() and not value.translations:
        return None
    number = writer.number(field.value, f"{path}.value") if field.is_number() else None
    instant = writer.instant(field.value, f"{path}.value") if field.is_date() else None
    return FieldView(
        key=field.key,
        label=writer.text(field.label, f"{path}.label"),
        value=value,
        change_message=writer.text(field.change_message, f"{path}.changeMessage"),
        number=number,
        instant=None if instant is None else instant.isoformat(),
        number_style=field.number if number is not None else None,
        currency=_currency(field.currency, number, writer, path),
        date_style=field.date if instant is not None else None,
        time_style=field.time if instant is not None else None,
        is_relative=field.relative,
        ignores_time_zone=field.ignore_time_zone,
        alignment=field.alignment,
        detect=field.detect,
        link=writer.plain(field.link, f"{path}.link") or None,
        row=field.row,
        semantics=cast("Mapping[str, object]", writer.raw(field.semantics, f"{path}.semantics")),
    )


def _currency(source: str, number: Decimal | None, writer: Writer, path: str) -> str | None:
    code = writer.plain(source, f"{path}.currency") if source and number is not None else ""
    if code and not (len(code) == 3 and code.isascii() and code.isupper()):  # noqa: PLR2004 (ISO 4217)
        writer.note(f"{path}.currency", f"{code[:10]!r} is no currency such as EUR.")
        return None
    return code or None


def _links(specs: Iterable[LinkSpec], writer: Writer) -> tuple[LinkView, ...]:
    links = (
        LinkView(writer.text(spec.title, f"links[{index}].title"), writer.plain(spec.url, f"links[{index}].url"))
        for index, spec in enumerate(specs)
    )
    return tuple(link for link in links if link.url)


def _locations(specs: Iterable[LocationSpec], places: Iterable[Place], writer: Writer) -> tuple[Location, ...]:
    own = [
        Location(spec.latitude, spec.longitude, spec.altitude, writer.text(spec.text, f"locations[{index}].text"))
        for index, spec in enumerate(specs)
    ]
    stores = [Location(place.latitude, place.longitude, None, Text(place.name)) for place in places]
    return tuple([*own, *stores][:LOCATIONS_MAX])


def _relevant_dates(specs: Iterable[RelevantDateSpec], writer: Writer) -> Iterable[RelevantDate]:
    for index, spec in enumerate(specs):
        path = f"relevance.dates[{index}]"
        since = _utc(writer.instant(spec.at or spec.since, path))
        until = _utc(writer.instant(spec.until, path)) if spec.until else None
        if since is None or (spec.until and until is None):
            continue
        if until is not None and until < since:
            writer.note(path, "The interval ends before it starts.")
            continue
        yield RelevantDate(since, until)


def _utc(instant: datetime | None) -> datetime | None:
    if instant is None:
        return None
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # the first or the last day of the calendar, moved beyond it by its offset
        return None
