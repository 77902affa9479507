"""Commands of `python -m muso_exp <command>`: one file each."""
