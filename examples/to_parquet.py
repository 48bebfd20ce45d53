#!/usr/bin/env python3
"""Parquet from columns: `rolloutd export --format columns | to_parquet.py rollouts.parquet` (needs pyarrow)."""
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq

TYPES = {
    "policy_version": pa.int64(), "last_policy_version": pa.int64(), "consumed_by_update": pa.int64(),
    "reward": pa.float64(), "advantage": pa.float64(),
    "token_ids": pa.list_(pa.int32()), "logprobs": pa.list_(pa.float32()),
}
writer = None
for line in sys.stdin:
    columns = json.loads(line)["columns"]
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in columns])
    writer = writer or pq.ParquetWriter(sys.argv[1], schema, compression="zstd")
    writer.write_table(pa.table(columns, schema=schema))
if writer:
    writer.close()
