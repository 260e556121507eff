"""One data folder as a whole: opened, locked, checked, repaired, copied."""
