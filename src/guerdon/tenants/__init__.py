"""Whose data this is: tenants, their secrets and their files."""
