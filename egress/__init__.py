"""The only door to the network: policy, address guard, pinned transport, proxy, browser."""
