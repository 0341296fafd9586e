"""What Tandem does, step by step: enrol, plan, book. Each asks ports, the core decides."""
