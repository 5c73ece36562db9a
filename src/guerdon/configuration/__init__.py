"""A tenant's own files and roles over HTTP: versions, differences, checks without saving."""
