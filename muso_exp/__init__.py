"""Experiments on music taste; start at muso_exp/run.py."""
