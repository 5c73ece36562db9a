"""Points wallets: batches, spending, returning, holds, expiry, statements."""
