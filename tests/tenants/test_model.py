import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.tenants.errors import FilePathInvalid, FileTooLarge, SecretNameInvalid, SecretTooLarge
from guerdon.tenants.model import check_file_size, check_path, check_path_start, check_secret

MIB = 1_048_576


@pytest.mark.parametrize("path", ["a", "server/passes/loyalty.yml", "a-b_c.D/9", ".env", "a..b", "x" * 200])
def test_plain_relative_paths_are_accepted(path: str) -> None:
    check_path(path)


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "a/", "a//b", "..", "a/../b", "./a", "a/...", "a b", "ä", "a\n", "a\x00b", "a\\b", "x" * 201],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(FilePathInvalid):
        check_path(path)


@given(st.text(max_size=30))
def test_an_accepted_path_never_climbs(path: str) -> None:
    try:
        check_path(path)
    except FilePathInvalid:
        return

    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))


def test_a_prefix_may_be_half_a_path_and_nothing_stranger() -> None:
    check_path_start("server/pas")
    check_path_start("")
    with pytest.raises(FilePathInvalid):
        check_path_start("server/%")


@pytest.mark.parametrize(
    ("path", "bytes_max"), [("a.yml", MIB), ("logo.svg", MIB), ("logo.png", 5 * MIB), ("LOGO.JPG", 5 * MIB)]
)
def test_the_size_that_a_file_may_have_hangs_on_its_kind(path: str, bytes_max: int) -> None:
    check_file_size(path, bytes_max)
    with pytest.raises(FileTooLarge):
        check_file_size(path, bytes_max + 1)


def test_secrets_have_plain_names_and_bounded_sizes() -> None:
    check_secret("apple/pass.org.example-1", 65_536)
    for name in ("", "a b", "x" * 201, "a\n"):
        with pytest.raises(SecretNameInvalid):
            check_secret(name, 1)
    with pytest.raises(SecretTooLarge):
        check_secret("apple", 65_537)
