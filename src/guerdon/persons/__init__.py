"""Persons: all that is kept of one, exported or erased (GDPR)."""
