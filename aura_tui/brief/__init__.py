"""The brief as people give it: read from where it is, its front matter, its title."""
