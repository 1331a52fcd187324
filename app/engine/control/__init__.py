"""What the control plane asks of the engine: publishing, replays, snapshots, health."""
