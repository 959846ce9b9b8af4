"""The two clouds of the federation, emulated on loopback at the HTTP level."""
