"""The command line: flags, and the commands that click calls, each of which imports what it needs when it runs."""
