"""How schemathesis writes the bodies that are not JSON, and how long it waits for work that does not come."""
import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/vnd.rolloutd.rollouts")
def as_bytes(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()


def _soon(values):
    """Waits of up to a minute are valid; thirty of them for each operation would take an hour."""
    if isinstance(values, dict) and isinstance(values.get("wait_seconds"), (int, float)) and 1 < values["wait_seconds"] <= 60:
        values["wait_seconds"] = 1
    return values


@schemathesis.hook
def map_query(_context, query):
    return _soon(query)


@schemathesis.hook
def map_body(_context, body):
    return _soon(body)
