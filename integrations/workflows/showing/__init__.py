"""What pages and reports show: standings, stories, overviews in words."""
