"""The live door: snapshots, and the stream of what happened since."""
