"""The plugin that lets graphite-web and graphite-api read Cadent. Standard library only, Python 3.8 syntax."""
