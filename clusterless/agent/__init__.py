"""A process that serves: privilege first, then one snapshot after the other, until it is told to stop."""
