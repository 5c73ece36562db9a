"""Changes of many passes at once, and what their holders are told: progress, cancel, statistics."""
