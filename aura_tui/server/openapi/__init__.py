"""What the server does, as OpenAPI 3.1: paths by hand, schemas from the types that are read and
written."""
