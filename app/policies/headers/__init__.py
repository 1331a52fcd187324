"""Headers of this service's own records (contract section 10), and what else identifies one."""
