"""The demonstration: the whole product against a simulated tenant in a process of its own."""
