"""From a stored pass to the signed bytes that a phone gets; unchanged passes are not built twice."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import msgspec

from guerdon.delivery.apple.build import build_from_parts, encode_document, prepare_parts
from guerdon.delivery.apple.credentials import find_identity
from guerdon.delivery.apple.errors import NoAppleIdentity
from guerdon.delivery.apple.from_view import ApplePassIdentity, pass_document, strings
from guerdon.delivery.apple.identity import SigningIdentity
from guerdon.delivery.apple.image_slots import SLOTS
from guerdon.delivery.apple.images import make_slot_images
from guerdon.delivery.apple.package import PackageParts
from guerdon.delivery.apple.signing import Signer
from guerdon.delivery.apple.standing import Standing, Standings
from guerdon.delivery.apple.web_address import web_service_url
from guerdon.passes.aliases import read_aliases
from guerdon.passes.creating import secret_context
from guerdon.passes.errors import PassNotFound
from guerdon.passes.pass_types import PassTypes
from guerdon.platform.clock import TenantClock
from guerdon.platform.cores import run_anywhere
from guerdon.platform.db import Database, Tx
from guerdon.platform.keys import MasterKey
from guerdon.platform.newest import Newest
from guerdon.rendering.loading import Drawing, load_drawing
from guerdon.rendering.model import PassView
from guerdon.tenants.files import get_file, list_files

IMAGE_FOLDER = "server/images/"
PACKAGES_MAX, PARTS_MAX, SIGNERS_MAX, IMAGES_MAX = 2_000, 500, 100, 500
THREADS = 2


@dataclass(frozen=True, slots=True)
class Package:
    """A signed pass: its bytes, the name of its content, when it last changed, and whether it is worth nothing now."""

    content: bytes
    content_hash: str
    changed_at: datetime
    is_voided: bool = False


@dataclass(frozen=True, slots=True)
class _Issued:
    """What was given last for a pass: right while the pass stands where it stood, until something ends by itself."""

    package: Package
    standing: Standing
    until: datetime

    def is_right(self, standing: Standing, now: datetime) -> bool:
        return self.standing == standing and now < self.until


@dataclass(frozen=True, slots=True, order=True)
class _Slot:
    """One picture of a view: its slot, the language, the tenant's file and the digest of its newest version."""

    name: str
    language: str
    path: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Ingredients:
    tenant_id: str
    drawing: Drawing
    identity: SigningIdentity
    images: Mapping[str, bytes]
    serial_number: str

    def unchanged_key(self) -> tuple[object, ...]:
        """Name all that the package is made from, but for the clock."""
        drawing = self.drawing
        files = sha256(msgspec.json.encode(sorted(self.images.items()))).digest()
        shown = tuple(privilege.id for privilege in drawing.privileges)
        found = drawing.found
        return (
            self.tenant_id,
            found.pass_id,
            found.revision,
            drawing.type_digest,
            self.identity.certificate_pem,
            files,
            shown,
            drawing.subject.places,
            drawing.wallet_shown(),
        )

    def right_until(self) -> datetime:
        """Tell when the package changes though nothing is written: the end of a privilege, of points, a certificate."""
        ends = (privilege.deletion_date for privilege in self.drawing.privileges)
        wallet = self.drawing.subject.wallet
        ends = (None if wallet is None else wallet.changes_at, *ends)
        return min([self.identity.expires_at, *(end for end in ends if end is not None)])


class PassIssuer:
    """Issues Apple's packages of one process; drawing, building and signing happen in threads of its own."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        pass_types: PassTypes,
        clock: TenantClock,
        real_clock: Callable[[], datetime],
        public_url: str | None = None,
    ) -> None:
        """Begin with nothing cached; what a pass shows goes by `clock`, and its signature by `real_clock`.

        `public_url` is where phones ask for changes, as `web_service_url` understands.
        """
        self._public_url = public_url
        self._database = database
        self._master_key = master_key
        self._pass_types = pass_types
        self._clock = clock
        self._real_clock = real_clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pass-builder", initializer=run_anywhere)
        self._standings = Standings(database)
        self._issued = Newest[tuple[str, str], _Issued](PACKAGES_MAX)
        self._unchanged = Newest[tuple[object, ...], Package](PACKAGES_MAX)
        self._built = Newest[tuple[str, str, str, bytes], Package](PACKAGES_MAX)
        self._parts = Newest[tuple[object, ...], PackageParts](PARTS_MAX)
        self._signers = Newest[bytes, Signer](SIGNERS_MAX)
        self._sized = Newest[_Slot, Mapping[str, bytes]](IMAGES_MAX)

    async def issue(self, tenant_id: str, pass_id: str) -> Package:
        """Give the signed package of a pass as it stands now; the same content gives the same bytes while cached.

        Raises PassNotFound, NoAppleIdentity, and what building refuses.
        """
        package = await self.reissue(tenant_id, pass_id)
        if package.is_voided:
            raise PassNotFound(pass_id)
        return package

    async def reissue(self, tenant_id: str, pass_id: str) -> Package:
        """Give the package as `issue` does, of a voided pass too: for the devices that hold it."""
        now = self._clock(tenant_id)
        # Read before anything else is: what changes meanwhile stands higher, so that the next caller looks again.
        standing = await self._standings.get(tenant_id, pass_id)
        issued = self._issued.find((tenant_id, pass_id))
        if issued is not None and issued.is_right(standing, now):
            return issued.package
        async with self._database.tenant(tenant_id) as tx:
            ingredients = await self._gather(tx, pass_id, now)
        key = ingredients.unchanged_key()
        package = self._unchanged.find(key)
        if package is None:
            package, tells_time = await self._draw(ingredients, now)
            if tells_time:
                return package
            self._unchanged.keep(key, package)
        self._issued.keep((tenant_id, pass_id), _Issued(package, standing, ingredients.right_until()))
        return package

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _draw(self, ingredients: _Ingredients, now: datetime) -> tuple[Package, bool]:
        # Nothing of the database is held while threads compute.
        loop = asyncio.get_running_loop()
        view = await loop.run_in_executor(self._threads, ingredients.drawing.view, now)
        slots = _slots(view, ingredients.images)
        missing = [slot for slot in slots if self._sized.find(slot) is None]
        uploads = await self._read_uploads(ingredients.tenant_id, missing)
        package = await loop.run_in_executor(self._threads, self._build, ingredients, view, slots, uploads)
        return package, view.tells_time

    async def _gather(self, tx: Tx, pass_id: str, now: datetime) -> _Ingredients:
        drawing = await load_drawing(tx, self._pass_types, pass_id, now, even_voided=True)
        identity = await find_identity(tx, self._master_key)
        if identity is None:
            raise NoAppleIdentity
        images = {file.path: file.digest for file in await list_files(tx, prefix=IMAGE_FOLDER)}
        # A pass that came from another provider keeps the serial number under which phones know it.
        serial_number = (await read_aliases(tx, pass_id)).get("apple", drawing.found.pass_id)
        return _Ingredients(tx.tenant_id, drawing, identity, images, serial_number)

    async def _read_uploads(self, tenant_id: str, slots: list[_Slot]) -> dict[str, bytes]:
        if not slots:
            return {}
        async with self._database.tenant(tenant_id) as tx:
            return {path: (await get_file(tx, path)).content for path in {slot.path for slot in slots}}

    def _build(
        self,
        ingredients: _Ingredients,
        view: PassView,
        slots: tuple[_Slot, ...],
        uploads: Mapping[str, bytes],
    ) -> Package:
        tenant_id, found = ingredients.tenant_id, ingredients.drawing.found
        signer = self._signer(ingredients.identity)
        secret = self._master_key.decrypt(found.sealed_secret, secret_context(tenant_id, found.pass_id)).decode()
        document = pass_document(
            view,
            ApplePassIdentity(
                signer.pass_type_identifier,
                signer.team_identifier,
                ingredients.serial_number,
                secret,
                web_service_url(self._public_url, tenant_id),
            ),
        )
        parts = self._prepared(slots, uploads, strings(view))
        content_hash = parts.content_hash(encode_document(document))
        # A new revision that shows nothing new keeps its bytes, and its phone keeps its copy.
        built_as = (tenant_id, found.pass_id, content_hash, ingredients.identity.certificate_pem)
        known = self._built.find(built_as)
        if known is not None:
            return known
        content = build_from_parts(parts, document, signer, self._real_clock())
        package = Package(content, content_hash, found.updated_at, found.voided_at is not None)
        return self._built.keep(built_as, package)

    def _signer(self, identity: SigningIdentity) -> Signer:
        known = self._signers.find(identity.certificate_pem)
        return known or self._signers.keep(identity.certificate_pem, Signer.load(identity))

    def _prepared(
        self,
        slots: tuple[_Slot, ...],
        uploads: Mapping[str, bytes],
        words: Mapping[str, Mapping[str, str]],
    ) -> PackageParts:
        key = (slots, msgspec.json.encode(words))
        known = self._parts.find(key)
        if known is not None:
            return known
        files: dict[str, bytes] = {}
        for slot in slots:
            sized = self._sized.find(slot)
            if sized is None:
                language = None if slot.language == "default" else slot.language
                made = make_slot_images(slot.name, uploads[slot.path], language)
                sized = self._sized.keep(slot, made.files)
            files.update(sized)
        return self._parts.keep(key, prepare_parts(files, words))


def _slots(view: PassView, images: Mapping[str, bytes]) -> tuple[_Slot, ...]:
    """List the pictures that Apple shows and that the tenant really has."""
    return tuple(
        sorted(
            _Slot(role, language, path, images[path])
            for role, by_language in view.images.items()
            if role in SLOTS
            for language, name in by_language.items()
            if (path := f"{IMAGE_FOLDER}{name}") in images
        )
    )
