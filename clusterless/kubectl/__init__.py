"""`get`, `describe` and `events`: where they look, and what they print, as kubectl does."""
