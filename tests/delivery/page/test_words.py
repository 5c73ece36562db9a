from guerdon.delivery.page.words import WORDS, words_of


def test_a_language_that_the_page_does_not_speak_gets_english() -> None:
    assert words_of("ja") is WORDS["en"]
    assert words_of("de-AT") is WORDS["de"]
