"""From one place that keeps points to another: copied, and compared."""
