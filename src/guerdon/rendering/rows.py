"""Where the fields stand: in the styles before iOS 27, and on its posters."""

from collections.abc import Mapping

from guerdon.passes.pass_type_parts import Group
from guerdon.rendering.model import FieldView, PassView

HEADER_OF_POSTER_MAX = 1
PRIMARY_OF_POSTER_MAX = 4
FOOTER_OF_POSTER_MAX = 2

Rows = Mapping[Group, tuple[FieldView, ...]]


def classic_rows(view: PassView) -> Rows:
    """Lay out the fields for a style before iOS 27, which has no footer and one primary field."""
    primary = view.in_group("primary")
    return {
        "header": view.in_group("header"),
        "primary": primary[:1],
        "secondary": (*primary[1:], *view.in_group("secondary")),
        "auxiliary": (*view.in_group("auxiliary"), *view.in_group("footer")),
        "back": (*view.in_group("back"), *view.in_group("additionalInfo")),
    }


def poster_rows(view: PassView) -> Rows:
    """Lay out the fields for posterGeneric, which has no secondary and auxiliary ones."""
    header, beside = view.in_group("header"), view.in_group("auxiliary")
    primary = (*view.in_group("primary"), *view.in_group("secondary"))
    footer = view.in_group("footer") or beside[:FOOTER_OF_POSTER_MAX]
    left_over = (
        *header[HEADER_OF_POSTER_MAX:],
        *primary[PRIMARY_OF_POSTER_MAX:],
        *(field for field in beside if field not in footer),
    )
    return {
        "header": header[:HEADER_OF_POSTER_MAX],
        "primary": primary[:PRIMARY_OF_POSTER_MAX],
        "footer": footer[:FOOTER_OF_POSTER_MAX],
        "back": view.in_group("back"),
        "additionalInfo": (*left_over, *view.in_group("additionalInfo")),
    }
