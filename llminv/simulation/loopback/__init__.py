"""The second transport: the same providers over real sockets, in real time, on loopback addresses.

For handlers that no patched socket can reach: gateways that run as processes, other languages, libraries
whose traffic does not pass through Python. What a provider does is decided by `Providers`, as in a world
without a network; here are only the sockets.

Each provider has a port of its own, not a path below a common one: a provider that is down refuses
connections, and only a port can do that. The path of the declared base URL stays as it is, so that
`https://api.openai.com/v1` becomes `http://127.0.0.1:PORT/v1`.
"""
