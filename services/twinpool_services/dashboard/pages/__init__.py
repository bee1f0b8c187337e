"""The pages, one module each, and the register of them."""
