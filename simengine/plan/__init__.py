"""Plans: expression graph, quantile tables, tape, digest."""
