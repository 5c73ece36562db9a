"""Pages that watch a pass: short-lived addresses and WebSockets over all processes."""
