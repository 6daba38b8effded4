"""gRPC, which only this part of the daemon speaks. Handlers take a request and return a response."""
