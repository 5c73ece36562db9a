"""Vouchers: codes that become points."""
