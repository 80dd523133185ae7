"""Pure: what `describe` says of each kind, in the order and spacing of kubectl's describe.go."""
