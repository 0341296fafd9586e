"""Speaks Microsoft Graph: everything that knows its words, zones, limits and errors."""
