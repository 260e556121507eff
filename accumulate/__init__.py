"""From bytes to open windows, and from open windows to closed rows."""
