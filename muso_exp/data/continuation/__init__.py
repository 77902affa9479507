"""Playlists and their continuations, as document 4 and the RecSys Challenge 2018 have them."""
