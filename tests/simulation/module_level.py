"""Handlers whose clients live as long as the process."""

from behaviours import KeepsAlive, KeepsAliveAsync

sync = KeepsAlive()
asynchronous = KeepsAliveAsync()
