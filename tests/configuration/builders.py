"""Files for tests of a tenant's configuration."""

from guerdon.entrypoints.sandbox import FILES
from tests.shops import Shop

CARD = "server/passes/club.yaml"
ICON_PATH = "server/images/loyalty-icon.png"
GOOD = """\
kind: customerCard
organization: Ember
description: A card
images: {icon: loyalty-icon.png}
fields:
  primary:
    - {key: name, label: Name, value: "{{ metadata.name }}"}
"""
YAML = {"content-type": "application/yaml"}
PNG = {"content-type": "image/png"}


def icon() -> bytes:
    return (FILES / ICON_PATH).read_bytes()


async def with_icon(shop: Shop) -> None:
    answer = await shop.ask("PUT", f"/config/files/{ICON_PATH}", icon(), headers=PNG)
    assert answer.status_code == 200, answer.text


async def save(shop: Shop, text: str = GOOD, path: str = CARD, **headers: str) -> int:
    """Save a file and give its version."""
    answer = await shop.ask("PUT", f"/config/files/{path}", text.encode(), headers={**YAML, **headers})
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]
