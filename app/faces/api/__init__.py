"""The HTTP control plane (docs/contract.md#calls)."""
