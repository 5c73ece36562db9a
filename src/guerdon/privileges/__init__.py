"""Rights on a pass: what its holder is entitled to, and how much of it is left."""
