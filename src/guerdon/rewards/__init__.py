"""Rewards: the catalogue, and claims against points."""
