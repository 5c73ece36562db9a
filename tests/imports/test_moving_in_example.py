"""The example of docs/points.md, brought in over HTTP and by the operator, and read to the last digit."""

import json
import re
from decimal import Decimal
from pathlib import Path

from tests.entrypoints.test_cli import command
from tests.imports.conftest import Accountant, written
from tests.shops import problem

PAGE = Path(__file__).parents[2] / "docs" / "points.md"
SAID = re.compile(r"^```(?:csv|json) (balances\.csv|reconciliation|wallets\.csv)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_every_figure_of_the_page_is_what_comes_of_its_file(accountant: Accountant, owner_url: str) -> None:
    said = dict(SAID.findall(PAGE.read_text()))
    file, wallets = said["balances.csv"], accountant.folder / "wallets.csv"
    words = ("balances", "import", written(accountant.folder, file), "--tenant", accountant.shop.tenant_id)

    refused = problem(await accountant.send(file))
    ended = await accountant.bring(file, "?onError=skip")
    report = await accountant.shop.http.request(
        "GET", "/wallet2-api/api/report/liability", headers={"x-api-key": accountant.shop.key}
    )
    again = command(owner_url, *words, "--rows", "good", "--wallets", wallets, "--json").json()

    assert refused["errors"] == {"line 5": ["expires: It is over: leave it out."]}
    assert ended["reconciliation"] == json.loads(said["reconciliation"], parse_float=Decimal)
    assert json.loads(report.text, parse_float=Decimal)["money"] == ended["reconciliation"]["said"]["money"]
    assert wallets.read_text() == said["wallets.csv"]
    assert (again["imported"], again["existing"], again["reconciliation"]["difference"]["points"]) == (0, 3, 0)
