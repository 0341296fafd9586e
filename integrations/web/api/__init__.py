"""The JSON API: what pages show and do, for programs. docs/explanation/api.md says how."""
