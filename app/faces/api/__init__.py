"""The HTTP control plane (contract section 5)."""
