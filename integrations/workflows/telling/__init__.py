"""Who is told: people by mail, coordinators by rows, the firm's own systems."""
