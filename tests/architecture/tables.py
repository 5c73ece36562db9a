"""Whose the tables are: which room writes each, and which rooms above may read it."""

import re

WRITTEN_BY = {
    "tenant": "tenants",
    "tenant_secret": "tenants",
    "tenant_file": "tenants",
    "tenant_clock": "tenants",
    "api_key": "access",
    "access_role": "access",
    "idempotency": "platform",
    "event": "platform",
    "job_progress": "platform",
    "migration": "platform",
    "queue.pgqueuer": "platform",
    "queue.pgqueuer_log": "platform",
    "queue.pgqueuer_schedules": "platform",
    "queue.pgqueuer_statistics": "platform",
    "queue.schedule": "platform",
    "ledger_account": "ledger",
    "ledger_entry": "ledger",
    "ledger_lot": "ledger",
    "ledger_allocation": "ledger",
    "ledger_hold": "ledger",
    "ledger_checkpoint": "ledger",
    "ledger_checkpoint_leaf": "ledger",
    "ledger_balance": "ledger",
    "ledger_movement": "ledger",
    "ledger_lot_state": "ledger",
    "ledger_lot_change": "ledger",
    "ledger_hold_state": "ledger",
    "wallet": "points",
    "wallet_batch": "points",
    "wallet_operation": "points",
    "wallet_hold": "points",
    "wallet_command": "points",
    "earned_order": "points",
    "pass": "passes",
    "pass_identifier": "passes",
    "pass_metadata": "passes",
    "pass_notification": "passes",
    "pass_alias": "passes",
    "balance_import": "imports",
    "balance_import_row": "imports",
    "pass_import": "imports",
    "pass_import_chunk": "imports",
    "pass_import_error": "imports",
    "pass_scan": "passes",
    "pass_usage": "passes",
    "pass_installation": "passes",
    "pass_source": "passes",
    "apple_copy": "delivery",
    "privilege": "privileges",
    "coupon": "coupons",
    "voucher": "vouchers",
    "voucher_bulk": "vouchers",
    "reward": "rewards",
    "reward_claim": "rewards",
    "store": "stores",
    "webhook": "webhooks",
    "webhook_delivery": "webhooks",
    "webhook_attempt": "webhooks",
    "campaign": "campaigns",
    "campaign_chunk": "campaigns",
    "campaign_error": "campaigns",
}
# What rooms read that is not theirs: views of rooms below, and the few tables that are read as they are.
READ_BY = {
    "ledger_balance": {"privileges", "points", "imports"},
    "ledger_movement": {"privileges", "points", "imports"},
    "ledger_lot_state": {"points", "imports"},
    "ledger_lot_change": {"points"},
    "ledger_hold_state": {"points"},
    "pass": {"privileges"},  # whether the pass exists, in the one round trip of the hot list
    # The names alone, in the role that may read nothing else (jobs_schedule.list_tenants); the zone, with the rule.
    "tenant": {"platform", "points"},
    "tenant_file": {"points"},  # the rule of expiry, in the one round trip of a balance
    "queue.pgqueuer": {"entrypoints"},  # `guerdon doctor` counts
    "migration": {"entrypoints"},  # `guerdon doctor` compares
}
NAME = r"((?:[a-z_]+\.)?[a-z_][a-z0-9_]*)"
# EXTRACT (… FROM …) and IS DISTINCT FROM name no tables.
NAMED = re.compile(rf"\b(?:(?<!epoch )(?<!DISTINCT )FROM|JOIN|INTO|UPDATE|USING)\s+{NAME}(?!\s*\(|[a-z0-9_.])")
CHANGED = re.compile(rf"\b(?:INSERT INTO|DELETE FROM|(?<!DO )(?<!FOR )(?<!FOR NO KEY )UPDATE)\s+{NAME}")
INSERTED = re.compile(rf"\bINSERT INTO\s+{NAME}")
DEFINED = re.compile(r"\b([a-z_][a-z0-9_]*)\s+(?:\([^()]*\)\s+)?AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(")


def relations(sql: str) -> set[str]:
    """Give the tables and views that a statement names."""
    named = {name.removeprefix("public.") for name in NAMED.findall(sql)} | set(INSERTED.findall(sql))
    return named - set(DEFINED.findall(sql))


def written(sql: str) -> set[str]:
    """Give the tables that a statement inserts into, updates or deletes from."""
    return set(CHANGED.findall(sql))


def is_catalogue(name: str) -> bool:
    """Tell whether a relation is PostgreSQL's own."""
    return name.startswith("pg_")
