"""`guerdon ledger`: proof that nothing was altered."""

from typing import Annotated

import typer

from guerdon.entrypoints.cli_running import REFUSED, AsJson, Home, run, say, show, show_json
from guerdon.entrypoints.home import Place, open_place, settings_at
from guerdon.ledger.checkpoints import signing_key
from guerdon.ledger.verifying import VerifyReport, verify_tenant
from guerdon.tenants.administration import list_tenants
from guerdon.tenants.model import LIST_MAX

SHOWN_MAX = 50

OneTenant = Annotated[str | None, typer.Option("--tenant", help="This tenant only; else all of them.")]


def register(app: typer.Typer, sentence: str) -> None:
    """Add the commands to the program."""
    group = typer.Typer(help=sentence, no_args_is_help=True)
    group.callback()(_keep_the_name)
    group.command("verify")(verify)
    app.add_typer(group, name="ledger")


def verify(tenant: OneTenant = None, *, as_json: AsJson = False, home: Home = None) -> None:
    """Replay every entry and compare chains, values, lots, holds and checkpoints; code 1 when anything is wrong."""

    async def work() -> int:
        async with open_place(settings_at(home), say) as place:
            names = await _all_tenants(place) if tenant is None else [await _existing(place, tenant)]
            public_key = signing_key(place.master_key).public_key()
            reports = [await verify_tenant(place.database, name, public_key=public_key) for name in names]
        if as_json:
            show_json([_document(report) for report in reports])
        else:
            _tell(reports)
        return 0 if all(report.is_sound for report in reports) else REFUSED

    run(work())


def _keep_the_name() -> None:
    """Verify the ledger."""


async def _existing(place: Place, tenant_id: str) -> str:
    async with place.tenant(tenant_id):
        return tenant_id


async def _all_tenants(place: Place) -> list[str]:
    names: list[str] = []
    async with place.owner() as owner:
        while page := await list_tenants(owner, after=names[-1] if names else ""):
            names += [tenant.tenant_id for tenant in page]
            if len(page) < LIST_MAX:
                break
    return names


def _tell(reports: list[VerifyReport]) -> None:
    rows = [
        {
            "tenant": report.tenant_id,
            "verdict": "sound" if report.is_sound else f"{report.findings_count} findings",
            "accounts": report.accounts,
            "entries": report.entries,
            "lots": report.lots,
            "checkpoints": report.checkpoints,
        }
        for report in reports
    ]
    show(rows, as_json=False, empty="There is no tenant yet.")
    for report in reports:
        for finding in report.findings[:SHOWN_MAX]:
            place = f"account {finding.account_id}, entry {finding.seq}" if finding.account_id else "checkpoint"
            say(f"{report.tenant_id}: {place}: {finding.problem}")
        if report.findings_count > SHOWN_MAX:
            say(f"{report.tenant_id}: and {report.findings_count - SHOWN_MAX} more; --json shows more of them.")


def _document(report: VerifyReport) -> dict[str, object]:
    return {
        "tenantId": report.tenant_id,
        "isSound": report.is_sound,
        "accounts": report.accounts,
        "entries": report.entries,
        "lots": report.lots,
        "holds": report.holds,
        "allocations": report.allocations,
        "checkpoints": report.checkpoints,
        "entriesUnsigned": report.entries_unsigned,
        "findingsCount": report.findings_count,
        "findings": [
            {
                "accountId": None if finding.account_id is None else str(finding.account_id),
                "seq": finding.seq,
                "problem": finding.problem,
            }
            for finding in report.findings
        ],
    }
