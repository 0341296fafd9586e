"""Acts: workflows, and the adapters to Graph, the program store, queues and people."""
