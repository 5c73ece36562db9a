import pytest

from guerdon.delivery.apple.errors import PackageFileRefused
from guerdon.delivery.apple.localisation import render_strings, strings_file_name


def test_words_are_utf16_big_end_first_with_its_mark() -> None:
    written = render_strings({"POINTS": "Pünkte 🎁"})

    assert written.startswith(b'\xfe\xff\x00"\x00P')
    assert written.decode("utf-16") == '"POINTS" = "Pünkte 🎁";\n'


def test_quotes_backslashes_and_line_ends_are_escaped() -> None:
    written = render_strings({'a"b': "line\nnext\\n\r\t"}).decode("utf-16")

    assert written == '"a\\"b" = "line\\nnext\\\\n\\r\\t";\n'


def test_words_are_sorted_so_that_equal_words_are_equal_bytes() -> None:
    assert render_strings({"b": "2", "a": "1"}) == render_strings({"a": "1", "b": "2"})


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hans", "zh-Hant-HK", "es-419", "fil"])
def test_a_language_has_a_folder(language: str) -> None:
    assert strings_file_name(language) == f"{language}.lproj/pass.strings"


@pytest.mark.parametrize("language", ["", "DE", "de_DE", "deutsch", "../de", "de-", "de\n"])
def test_another_name_is_no_language(language: str) -> None:
    with pytest.raises(PackageFileRefused, match="no language tag"):
        strings_file_name(language)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(PackageFileRefused, match="U\\+D83C"):
        render_strings({"a": "\ud83c"})
