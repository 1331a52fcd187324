"""Headers of this service's own records (docs/contract.md#record-headers), and other ids."""
