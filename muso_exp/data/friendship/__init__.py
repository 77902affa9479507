"""Which friendships are held out, and which pairs stand against them."""
