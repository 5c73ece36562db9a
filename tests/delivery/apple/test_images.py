import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from guerdon.delivery.apple.errors import ImageRefused
from guerdon.delivery.apple.image_slots import SLOTS, find_image_name, image_file_name
from guerdon.delivery.apple.images import UPLOAD_BYTES_MAX, make_slot_images
from guerdon.delivery.apple.rules_images import png_size

Draw = Callable[..., bytes]


@pytest.mark.parametrize("slot", list(SLOTS))
def test_every_slot_gets_three_scales_of_its_size(a_picture: Draw, slot: str) -> None:
    size = (SLOTS[slot].width * 3, SLOTS[slot].height * 3)
    made = make_slot_images(slot, a_picture(*size))

    assert {name: png_size(content) for name, content in made.files.items()} == {
        image_file_name(slot, scale): (SLOTS[slot].width * scale, SLOTS[slot].height * scale) for scale in (1, 2, 3)
    }
    assert made.findings == ()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_three_formats_are_read_and_png_is_written(a_picture: Draw, form: str) -> None:
    made = make_slot_images("icon", a_picture(200, 200, form))

    assert all(content.startswith(b"\x89PNG") for content in made.files.values())


def test_a_wide_picture_is_cut_from_the_middle_for_an_exact_slot() -> None:
    striped = Image.new("RGB", (600, 114), "red")
    striped.paste((0, 0, 255), (243, 0, 357, 114))

    made = make_slot_images("icon", encoded(striped))

    with Image.open(BytesIO(made.files["icon@3x.png"])) as icon:
        assert icon.getextrema() == ((0, 0), (0, 0), (255, 255))
    assert [one.rule for one in made.findings] == ["image-cropped"]


def test_a_logo_keeps_its_proportions(a_picture: Draw) -> None:
    made = make_slot_images("logo", a_picture(1000, 1000))

    assert [png_size(content) for content in made.files.values()] == [(50, 50), (100, 100), (150, 150)]


def test_a_small_picture_is_enlarged_and_that_is_said(a_picture: Draw) -> None:
    made = make_slot_images("icon", a_picture(80, 80))

    assert png_size(made.files["icon@3x.png"]) == (114, 114)
    assert [(one.rule, one.path) for one in made.findings] == [("image-upscaled", "icon@3x.png")]


def test_equal_uploads_are_equal_bytes_without_foreign_chunks(a_picture: Draw) -> None:
    upload = a_picture(500, 300)
    first, second = make_slot_images("strip", upload), make_slot_images("strip", upload)

    assert first == second
    assert chunks(first.files["strip.png"]) == {b"IHDR", b"IDAT", b"IEND"}


def test_transparency_stays() -> None:
    clear = make_slot_images("logo", encoded(Image.new("RGBA", (480, 150), (1, 2, 3, 0))))

    with Image.open(BytesIO(clear.files["logo.png"])) as logo:
        assert logo.mode == "RGBA"
        assert logo.getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "CMYK", "RGBA"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"

    made = make_slot_images("icon", encoded(Image.new(mode, (114, 114)), form))

    assert png_size(made.files["icon.png"]) == (38, 38)


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    made = make_slot_images("icon", encoded(Image.new("I;16", (114, 114), 32_896)))

    with Image.open(BytesIO(made.files["icon.png"])) as icon:
        assert icon.convert("L").getextrema() == (128, 128)


def test_a_photograph_taken_sideways_stands_upright() -> None:
    sideways = Image.new("RGB", (100, 200), "white")
    exif = sideways.getexif()
    exif[0x0112] = 6
    written = BytesIO()
    sideways.save(written, "JPEG", exif=exif)

    made = make_slot_images("logo", written.getvalue())

    assert png_size(made.files["logo.png"]) == (100, 50)


def test_one_language_has_its_own_files(a_picture: Draw) -> None:
    made = make_slot_images("logo", a_picture(480, 150), "de")

    assert sorted(made.files) == ["de.lproj/logo.png", "de.lproj/logo@2x.png", "de.lproj/logo@3x.png"]


@pytest.mark.parametrize("upload", [b"", b"x", b"GIF89a" + bytes(50), b"%PDF-1.7", b"<svg/>", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    with pytest.raises(ImageRefused, match="no PNG, JPEG, WEBP picture"):
        make_slot_images("icon", upload)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_picture_cut_off_is_refused(a_picture: Draw, form: str) -> None:
    upload = a_picture(300, 300, form)

    with pytest.raises(ImageRefused):
        make_slot_images("icon", upload[: len(upload) // 2])


def test_a_damaged_picture_is_refused(a_picture: Draw) -> None:
    upload = bytearray(a_picture(300, 300))
    upload[60:80] = bytes(20)

    with pytest.raises(ImageRefused, match="damaged"):
        make_slot_images("icon", bytes(upload))


@pytest.mark.parametrize(("width", "height"), [(6_400, 6_400), (16_001, 1), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header_alone(width: int, height: int) -> None:
    with pytest.raises(ImageRefused, match="pixels"):
        make_slot_images("icon", png_head(width, height))


def test_a_heavy_upload_is_refused_unread() -> None:
    with pytest.raises(ImageRefused, match="bytes"):
        make_slot_images("icon", bytes(UPLOAD_BYTES_MAX + 1))


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_an_animated_picture_is_refused(form: str) -> None:
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    written = BytesIO()
    frames[0].save(written, form, save_all=True, append_images=frames[1:])

    with pytest.raises(ImageRefused, match="animated"):
        make_slot_images("icon", written.getvalue())


def test_a_text_bomb_inside_a_png_is_refused(a_picture: Draw) -> None:
    upload = a_picture(50, 50)
    packed = zlib.compress(bytes(5_000_000))
    bomb = chunk(b"zTXt", b"Comment\x00\x00" + packed)

    with pytest.raises(ImageRefused):
        make_slot_images("icon", upload[:33] + bomb + upload[33:])


def test_an_unknown_place_is_refused(a_picture: Draw) -> None:
    with pytest.raises(ImageRefused, match="no place"):
        make_slot_images("banner", a_picture(10, 10))


def test_a_line_of_pixels_still_makes_a_picture(a_picture: Draw) -> None:
    made = make_slot_images("logo", a_picture(10_000, 1))

    assert png_size(made.files["logo.png"]) == (160, 1)


@pytest.mark.parametrize("name", ["icon@4x.png", "icon.PNG", "Icon.png", "x/icon.png", "icon@2x", ""])
def test_other_names_are_no_pictures_of_a_pass(name: str) -> None:
    assert find_image_name(name) is None


def encoded(picture: Image.Image, form: str = "PNG") -> bytes:
    written = BytesIO()
    picture.save(written, form)
    return written.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_head(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def chunks(png: bytes) -> set[bytes]:
    kinds: set[bytes] = set()
    position = 8
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        kinds.add(kind)
        position += 12 + length
    return kinds
