"""Coupons: what a wallet is entitled to once; made, used, taken back, cancelled."""
