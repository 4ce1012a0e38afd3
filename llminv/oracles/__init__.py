"""Independent truth: what a text counts (`tokens`) and what a request costs (`prices`)."""
