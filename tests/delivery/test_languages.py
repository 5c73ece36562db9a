import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.delivery.languages import choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9", "de"),
        ("fr;q=0.4, de;q=0.9", "de"),
        ("pt-BR", "pt-BR"),
        ("pt", "pt-BR"),
        ("ja, *;q=0.1", "en"),
        ("de;q=0, fr", "fr"),
        ("de;q=x", "en"),
        ("DE-de", "de"),
    ],
)
def test_the_language_is_the_best_of_those_the_pass_speaks(header: str, language: str) -> None:
    assert choose_language(header, ("en", "de", "fr", "pt-BR")) == language


@given(st.text(max_size=60))
def test_any_header_chooses_a_language_that_is_there(header: str) -> None:
    assert choose_language(header, ("en", "de")) in {"en", "de"}
