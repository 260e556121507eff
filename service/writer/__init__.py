"""The writer's process."""
