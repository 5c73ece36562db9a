"""Vouchers: codes that become a batch of points, once; made one by one or by the hundred thousand."""
