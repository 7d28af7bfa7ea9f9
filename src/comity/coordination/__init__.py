"""Groups of states: nothing here yet."""
