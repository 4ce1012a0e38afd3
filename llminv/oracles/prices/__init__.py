"""What requests cost: `exact` by the price book, `amounts` as handlers say it, `review` of the book."""
