"""What is written about results: model cards, reports, comparisons and plots."""
