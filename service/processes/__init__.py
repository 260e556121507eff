"""The processes of a service: started, watched and ended, and what all of them need."""
