"""From calendars to hours: reading people's time and placing series in it."""
