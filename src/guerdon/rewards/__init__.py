"""Rewards: the catalogue of what can be claimed for points, and the claims."""
