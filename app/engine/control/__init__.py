"""Serves the control plane: publishing, replays, snapshots, health."""
