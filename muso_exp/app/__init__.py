"""The local web application over finished runs: pages, no logic of their own."""
