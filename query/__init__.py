"""Reading: chunks, log and open windows merged into series."""
