"""Tells another system: the one way out of Tandem that is not Microsoft Graph."""
