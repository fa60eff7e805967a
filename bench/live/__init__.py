"""From a commit to the frame that the last of N sockets received: the product, its limit, the stock way."""
