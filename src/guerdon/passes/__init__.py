"""Pass documents: their types, identifiers, data and revisions."""
