"""Coupons: single-use entitlements of a wallet."""
