"""What is seen of the deployment while anybody looks, and how it gets to those who do."""
