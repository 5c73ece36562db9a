"""Places of a tenant: shops, venues, and where on earth they are."""
