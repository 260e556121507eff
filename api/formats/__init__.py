"""The forms in which ``/render`` answers, those of pictures apart."""
