"""A pretend Microsoft 365 tenant that speaks Microsoft Graph's HTTP.

It imports nothing from the product, so one misreading of Graph cannot cancel
another, and it is never deployed.
"""
