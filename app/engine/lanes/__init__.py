"""Lanes: everything on its way to one destination each."""
