"""The history data set: the centre's own account of itself, replayed as commands; and a generator of the same shape."""
