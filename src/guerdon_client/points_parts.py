"""Points, each part of them under a name on the client: wallets, coupons, vouchers, rewards, reports, balances."""

from guerdon_client import balances, coupons, orders, reports, rewards, vouchers, wallets
from guerdon_client.operations import ClientT_co, Iteration, Operation, Part


class Wallets(Part[ClientT_co]):
    """Points: what comes in, is spent, given back and held; `get_own` and `create_own` are for the token of a user."""

    put = Operation(wallets.put_wallet)
    merge = Operation(wallets.merge_wallet)
    get = Operation(wallets.get_wallet)
    get_own = Operation(wallets.get_my_wallet)
    create_own = Operation(wallets.create_my_wallet)
    add_batch = Operation(wallets.add_batch)
    request_batch = Operation(wallets.request_batch)
    get_command = Operation(wallets.get_command)
    list_batches = Operation(wallets.list_batches)
    iter_batches = Iteration(wallets.iter_batches)
    spend = Operation(wallets.spend)
    get_operation = Operation(wallets.get_operation)
    list_operations = Operation(wallets.list_operations)
    iter_operations = Iteration(wallets.iter_operations)
    change_operation = Operation(wallets.change_operation)
    roll_back = Operation(wallets.roll_back)
    hold = Operation(wallets.hold)
    capture = Operation(wallets.capture)
    release = Operation(wallets.release)
    get_hold = Operation(wallets.get_hold)
    list_holds = Operation(wallets.list_holds)
    list_statement = Operation(wallets.list_statement)
    iter_statement = Iteration(wallets.iter_statement)
    tell_order = Operation(orders.tell_order)


class Coupons(Part[ClientT_co]):
    """What a wallet is entitled to once; `list_own` is for the token of a user."""

    give = Operation(coupons.give_coupon)
    use = Operation(coupons.use_coupon)
    revert = Operation(coupons.revert_coupon)
    list = Operation(coupons.list_coupons)
    iter = Iteration(coupons.iter_coupons)
    list_own = Operation(coupons.list_my_coupons)


class Vouchers(Part[ClientT_co]):
    """Codes that become a batch of points, once; `use_own` is for the token of a user."""

    create = Operation(vouchers.create_voucher)
    create_many = Operation(vouchers.create_vouchers)
    get = Operation(vouchers.get_voucher)
    get_many = Operation(vouchers.get_vouchers)
    cancel = Operation(vouchers.cancel_voucher)
    use = Operation(vouchers.use_voucher)
    use_own = Operation(vouchers.use_my_voucher)
    report = Operation(vouchers.report_vouchers)
    get_report_table = Operation(vouchers.get_report_table)


class Rewards(Part[ClientT_co]):
    """What can be claimed for points; `list_own` and `claim_own` are for the token of a user."""

    create = Operation(rewards.create_reward)
    put = Operation(rewards.put_reward)
    get = Operation(rewards.get_reward)
    delete = Operation(rewards.delete_reward)
    list = Operation(rewards.list_rewards)
    iter = Iteration(rewards.iter_rewards)
    claim = Operation(rewards.claim_reward)
    list_own = Operation(rewards.list_my_rewards)
    claim_own = Operation(rewards.claim_my_reward)


class Reports(Part[ClientT_co]):
    """What finance asks of points: what is owed, what expires, what expired that was paid for, who holds what."""

    get_liability = Operation(reports.get_liability)
    get_liability_csv = Operation(reports.get_liability_csv)
    get_expiring_points = Operation(reports.get_expiring_points)
    get_expired_paid_batches = Operation(reports.get_expired_paid_batches)
    get_expired_paid_batches_csv = Operation(reports.get_expired_paid_batches_csv)
    get_breakage = Operation(reports.get_breakage)
    list_wallets = Operation(reports.list_wallets)
    iter_wallets = Iteration(reports.iter_wallets)


class Balances(Part[ClientT_co]):
    """Balances with their lots from another system, brought in by a file and held against the ledger."""

    import_file = Operation(balances.import_file)
    list = Operation(balances.list_imports)
    get = Operation(balances.get_import)
    list_errors = Operation(balances.list_errors)
    list_wallets = Operation(balances.list_wallets)
    iter_wallets = Iteration(balances.iter_wallets)
    cancel = Operation(balances.cancel_import)
