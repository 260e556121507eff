"""The API's processes: gunicorn and its workers."""
