"""Tracks with audio features, as document 4 uses them: the table, clusters, continuations."""
