"""Keys: which action each has, moved keys, the hints in the footer and the help."""
