"""The Teams app: a package for the firm's app catalogue."""
