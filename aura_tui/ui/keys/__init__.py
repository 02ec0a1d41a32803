"""Keys: which action each has, moved keys, their names, the hints in the footer."""
