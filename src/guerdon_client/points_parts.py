"""What hangs on wallets, each under a name on the client: coupons, vouchers, rewards."""

from guerdon_client import coupons, rewards, vouchers
from guerdon_client.operations import ClientT_co, Iteration, Operation, Part


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
