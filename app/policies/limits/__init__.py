"""When something may be tried: rates, breakers, retries, due times, lifetimes. Pure."""
