"""Guerdon: wallet passes and loyalty that a business runs itself."""
