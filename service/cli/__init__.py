"""The command ``cadent``: a module for each group of its commands."""
