"""A sandbox authority, pictures, examples, and the foreign programs that judge our passes."""

import fcntl
import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from guerdon.delivery.apple.development_authority import DevelopmentAuthority, create_authority, issue_identity
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.delivery.apple.images import make_slot_images
from guerdon.delivery.apple.signing import Signer

HERE = Path(__file__).parent
NODE = HERE / "node"
PASS_TYPE = "pass.org.example.demo"
TEAM = "TEAM123456"
Document = dict[str, object]


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 11, 21, 12, 30, 45, tzinfo=UTC)


@pytest.fixture(scope="session")
def authority(now: datetime) -> DevelopmentAuthority:
    return create_authority(now)


@pytest.fixture(scope="session")
def identity(authority: DevelopmentAuthority, now: datetime) -> SigningIdentity:
    return issue_identity(authority, pass_type_identifier=PASS_TYPE, team_identifier=TEAM, now=now, serial_number=4711)


@pytest.fixture(scope="session")
def signer(identity: SigningIdentity) -> Signer:
    return Signer.load(identity)


@pytest.fixture(scope="session")
def examples() -> Mapping[str, Document]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((HERE / "examples").glob("*.json"))}


@pytest.fixture
def store_card(examples: Mapping[str, Document]) -> Document:
    return json.loads(json.dumps(examples["store_card"]))


@pytest.fixture(scope="session")
def a_picture() -> Callable[..., bytes]:
    def draw(width: int, height: int, form: str = "PNG", mode: str = "RGB") -> bytes:
        written = BytesIO()
        gradient = Image.linear_gradient("L").crop((0, 0, width, height)).convert(mode)
        gradient.save(written, form)
        return written.getvalue()

    return draw


@pytest.fixture(scope="session")
def pictures(a_picture: Callable[..., bytes]) -> Mapping[str, bytes]:
    sizes = {"icon": (114, 114), "logo": (480, 150)}
    files: dict[str, bytes] = {}
    for slot, size in sizes.items():
        files |= make_slot_images(slot, a_picture(*size)).files
    return files


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[bytes], Path]:
    def unpack(package: bytes) -> Path:
        folder = tmp_path / f"pass-{len(list(tmp_path.iterdir()))}"
        with ZipFile(BytesIO(package)) as archive:
            archive.extractall(folder)
        return folder

    return unpack


@pytest.fixture
def openssl_verdict(authority: DevelopmentAuthority, tmp_path: Path) -> Callable[[Path], str]:
    """What `openssl cms -verify` says of an unpacked pass; the intermediate must come from the signature."""
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root_pem)

    def verify(folder: Path, moment: datetime | None = None) -> str:
        at = [] if moment is None else ["-attime", str(int(moment.timestamp()))]
        command = ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-CAfile", str(root)]
        files = ["-in", str(folder / "signature"), "-content", str(folder / "manifest.json"), "-out", "/dev/null"]
        done = subprocess.run([*command, *at, *files], capture_output=True, text=True, check=False)
        return done.stderr

    return verify


@pytest.fixture(scope="session")
def node() -> Callable[..., str]:
    """Runs one of our checkers; a machine without node fails the test, as the judgement would be missing."""
    with (NODE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, installed = NODE / "package-lock.json", NODE / "node_modules" / ".guerdon-installed"
        if not installed.exists() or installed.read_text() != wanted.read_text():
            subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=NODE, check=True, capture_output=True, timeout=100)
            installed.write_text(wanted.read_text())

    def run(script: str, *arguments: str, given: object = None) -> str:
        command = ["node", script, *arguments]
        text = json.dumps(given)
        done = subprocess.run(command, cwd=NODE, input=text, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
