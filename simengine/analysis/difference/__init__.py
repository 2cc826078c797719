"""What changed between two scenario files, and how much each change moves every outcome."""
