"""Finding out who met: reports, questions, statements, corrections; one door to the verdict."""
