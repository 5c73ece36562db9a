"""The spine: accounts, entries, lots, holds, and the chain that proves them."""
