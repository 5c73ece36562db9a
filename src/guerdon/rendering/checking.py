"""All that can be said about a pass type before a pass is made from it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, cast

from guerdon.passes.identifiers import UNNAMEABLE, can_be_named
from guerdon.passes.pass_type import PassType, PassTypeInvalid
from guerdon.passes.pass_type_parts import IMAGE_NAME, as_languages, as_text
from guerdon.passes.pass_type_reading import examine, first_mistakes, read_as_far_as_possible
from guerdon.passes.pass_type_text import Mistake, Path, Tree
from guerdon.rendering.templates import TemplateInvalid, check_template, is_template

# These members are never filled in.
_NEVER_FILLED: Final = frozenset({"name", "kind", "layout", "language", "identifiers", "wallet"})


def check_pass_type(name: str, content: bytes, image_names: Collection[str]) -> list[Mistake]:
    """List every mistake of a pass type, first line first; warnings do not stop it from being used.

    Beyond what the reader refuses: Liquid that cannot be read, images that the tenant does not have
    (`image_names` are the files under `server/images/`), names that no identifier may have, and, once nothing
    else is wrong with the form, translations that nothing uses.
    """
    pass_type, tree = read_as_far_as_possible(name, content)
    if isinstance(tree.value, Mapping):
        members = cast("Mapping[str, object]", tree.value)
        _check_templates(members, tree)
        _check_identifier_names(members, tree)
        _check_images(members.get("images", {}), image_names, tree)
        if pass_type is not None:
            _check_translations(pass_type, members, tree)
    return first_mistakes(tree)


def list_pictures(name: str, content: bytes) -> frozenset[str]:
    """List the files under `server/images/` that a pass type shows by their names; a template names none."""
    try:
        pass_type, _ = examine(name, content)
    except PassTypeInvalid:
        return frozenset()
    return frozenset(file for names in pass_type.images.values() for file in names.values() if not is_template(file))


def _check_templates(members: Mapping[str, object], tree: Tree) -> None:
    for path, text in _texts(members, ()):
        if path[0] in _NEVER_FILLED or path in tree.misplaced:
            continue
        try:
            check_template(text)
        except TemplateInvalid as invalid:
            tree.add(path, f"The template cannot be read: {_where(invalid)}{invalid.message}.")


def _where(invalid: TemplateInvalid) -> str:
    return f"at its line {invalid.line}, character {invalid.column}, " if invalid.column > 1 else ""


def _check_identifier_names(members: Mapping[str, object], tree: Tree) -> None:
    # Not where the file is read: passes of a type that an older release took are still drawn.
    identifiers = members.get("identifiers")
    named: list[tuple[Path, object]] = [(("wallet",), members.get("wallet"))]
    if isinstance(identifiers, Mapping):
        named += [(("identifiers", name), name) for name in cast("Mapping[str, object]", identifiers)]
    for path, name in named:
        if isinstance(name, str) and path not in tree.misplaced and not can_be_named(name):
            tree.add(path, f"`{name}`: {UNNAMEABLE}")


def _check_images(images: object, image_names: Collection[str], tree: Tree) -> None:
    if not isinstance(images, Mapping):
        return
    if "icon" not in images:
        tree.add(("images",), "An `icon` is needed: Apple Wallet refuses a pass without one.")
    for path, name in _pictures(cast("Mapping[str, object]", images)):
        if is_template(name) or path in tree.misplaced:
            continue
        if IMAGE_NAME.fullmatch(name) is None:
            tree.add(path, f"`{name[:100]}` is not the name of a PNG, JPEG or WebP file.")
        elif name not in image_names:
            tree.add(path, f"There is no file server/images/{name}.")


def _pictures(images: Mapping[str, object]) -> Iterator[tuple[Path, str]]:
    for role, given in images.items():
        names = as_languages(given)
        if isinstance(names, Mapping):
            for language, name in cast("Mapping[str, object]", names).items():
                text = as_text(name)
                if isinstance(text, str):
                    yield ("images", role, language), text


def _check_translations(pass_type: PassType, members: Mapping[str, object], tree: Tree) -> None:
    used = {text for path, text in _texts(members, ()) if path[0] != "localization"}
    used.update((pass_type.privileges.field.label, pass_type.privileges.field.value))
    for language, table in pass_type.localization.items():
        if language == pass_type.language:
            message = f"`{language}` is the default language; its texts are the ones in the fields."
            tree.add(("localization", language), message, is_warning=True)
        for source in table:
            if source not in used and not any(source in text for text in used if is_template(text)):
                path = ("localization", language, source)
                tree.add(path, "This translation is never used: no text of the pass type reads so.", is_warning=True)


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, member in cast("Mapping[str, object]", value).items():
            yield from _texts(member, (*path, name))
    elif isinstance(value, tuple):
        for index, member in enumerate(cast("tuple[object, ...]", value)):
            yield from _texts(member, (*path, index))
