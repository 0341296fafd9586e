"""What leaves Tandem for people and other systems: reports, exports, hours and credit."""
