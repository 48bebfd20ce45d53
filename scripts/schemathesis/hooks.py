"""How schemathesis writes the bodies that are not JSON."""
import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/vnd.rolloutd.rollouts")
def as_bytes(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()
