"""What the data sets of user pairs share: muso and hetrec."""
