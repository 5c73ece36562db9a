import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from guerdon.delivery.apple.build import encode_document
from guerdon.delivery.apple.from_view import pass_document
from guerdon.delivery.apple.images import make_slot_images
from guerdon.delivery.apple.rules import errors_among, validate
from guerdon.entrypoints.sandbox_images import FOLDER, pictures
from guerdon.passes.pass_type_reading import read_pass_type
from guerdon.rendering.checking import check_pass_type
from guerdon.rendering.losses import losses
from guerdon.rendering.model import PassView
from guerdon.rendering.view import render_view
from tests.rendering.builders import NOW, a_privilege, a_subject
from tests.rendering.test_apple_document import IDENTITY

NAMES = ("loyalty", "ticket", "giftcard", "offer", "generic", "points")
PASSES = FOLDER.parent / "passes"
PICTURE_BYTES_MAX = 120_000


def content(name: str) -> bytes:
    return (PASSES / f"{name}.yaml").read_bytes()


def a_demo_view(name: str) -> PassView:
    return render_view(read_pass_type(name, content(name)), a_subject(), (a_privilege(),), NOW)


def pictures_of(view: PassView) -> Mapping[str, bytes]:
    made: dict[str, bytes] = {}
    for role in view.images:
        file = view.image(role)
        assert file is not None
        made.update(make_slot_images(role, (FOLDER / file).read_bytes()).files)
    return made


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_type_has_neither_mistakes_nor_warnings(name: str) -> None:
    images = [path.name for path in FOLDER.iterdir()]

    assert check_pass_type(name, content(name), images) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_demo_pass_without_any_data_is_drawn_without_faults_and_taken_by_apple(name: str) -> None:
    view = a_demo_view(name)

    document = json.loads(encode_document(pass_document(view, IDENTITY)))
    assert view.faults == ()
    assert errors_among(validate(document, pictures_of(view))) == ()
    assert [loss for loss in losses(view) if loss.platform == "everywhere"] == []


@pytest.mark.parametrize("stamps", ["-1", "0", "7.5", "10", "12"])
def test_every_number_of_stamps_has_its_picture(stamps: str) -> None:
    pass_type = read_pass_type("loyalty", content("loyalty"))

    view = render_view(pass_type, a_subject(), (a_privilege(value=stamps),), NOW)

    name = view.image("strip")
    assert name is not None
    assert (FOLDER / name).exists()


def test_the_pictures_are_the_ones_that_the_generator_draws() -> None:
    drawn = {name: canvas.png() for name, canvas in pictures()}

    assert {path.name for path in FOLDER.iterdir()} == set(drawn)
    for name, picture in drawn.items():
        assert len(picture) < PICTURE_BYTES_MAX
        assert _look_the_same(FOLDER / name, picture), name


def _look_the_same(kept: Path, drawn: bytes) -> bool:
    with Image.open(kept) as one, Image.open(BytesIO(drawn)) as other:
        return ImageChops.difference(one.convert("RGBA"), other.convert("RGBA")).getbbox() is None
