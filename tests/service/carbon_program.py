"""Runs inside carbon's environment: asks carbon's own code which sections it chooses. One JSON line in, one out."""

import json
import sys

from carbon.conf import settings

settings["CONF_DIR"] = "/nowhere"

from carbon import storage  # noqa: E402 - it wants the folder first

for line in sys.stdin:
    question = json.loads(line)
    storage.STORAGE_SCHEMAS_CONFIG, storage.STORAGE_AGGREGATION_CONFIG = question["schemas"], question["aggregation"]
    schemas, aggregations = storage.loadStorageSchemas(), storage.loadAggregationSchemas()
    answer = []
    for path in question["paths"]:
        schema = next(one for one in schemas if one.matches(path))
        _, method = next(one for one in aggregations if one.matches(path)).archives
        answer.append([sorted(archive.getTuple() for archive in schema.archives), method])
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
