"""The read models of this context: campaigns with their participation, the advocacy board, the partner directory."""
