"""The server's API as OpenAPI 3.1: paths written by hand, schemas generated from the types."""
