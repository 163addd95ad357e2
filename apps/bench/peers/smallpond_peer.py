"""Python smallpond on Ray, one pipeline after another, as the harness asks: JSON lines in, JSON lines out.

Started by the suite `peers` with one argument, a JSON object: events, stores, scratch, threads. Each line on stdin is
{"pipeline": name, "target": path}; each answer is {"ms": float, "check": text} or {"error": text}. The first line out
is {"ready": ms since Python began to import, which includes starting Ray}.
"""

import json
import os
import sys
import time
import traceback

STARTED = time.perf_counter()
# Everything else in this process and its children prints to stderr; the pipe of answers stays clean.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DISABLE_IMPORT_WARNING", "1")

import ray  # noqa: E402
import smallpond  # noqa: E402

PARTITIONS = 16
CONDITION = "amount > 250 AND category IN ('category-3', 'category-7', 'category-11') AND quantity >= 2"


def answer(message):
    ANSWERS.write(json.dumps(message) + "\n")


def start(order):
    cluster = start_ray(order)
    return smallpond.init(
        data_root=order["scratch"] + "/python",
        ray_address=cluster.address_info["gcs_address"],
    )


def start_ray(order, attempts=3):
    """Python smallpond would start Ray itself, listening on all interfaces and with a dashboard."""
    try:
        return start_ray_once(order)
    except Exception:
        # On a busy machine Ray's own processes can take longer than the 30 s it waits for them.
        if attempts == 1:
            raise
        ray.shutdown()
        return start_ray(order, attempts - 1)


def start_ray_once(order):
    return ray.init(
        address="local",
        num_cpus=order["threads"],
        object_store_memory=512 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        _temp_dir=order["ray"],
    )


def scan(sp, order, target):
    events = sp.read_parquet(order["events"]).repartition(len(order["events"]))
    parts = sp.partial_sql(
        "SELECT store, count(*) AS events, sum(amount * quantity) AS revenue, max(ts) AS last "
        f"FROM {{0}} WHERE {CONDITION} GROUP BY store",
        events,
    )
    total = sp.partial_sql(
        "SELECT sum(events)::BIGINT AS events, sum(revenue) AS revenue, max(last) AS last, "
        "count(DISTINCT store) AS stores FROM {0}",
        parts.repartition(1),
    )
    return total_events(total.take_all())


def join(sp, order, target):
    # The cheapest way it has: the small table is read by every task, instead of hashing both sides.
    events = sp.read_parquet(order["events"]).repartition(len(order["events"]))
    parts = sp.partial_sql(
        "SELECT region, category, count(*) AS events, sum(amount) AS revenue, sum(area) AS area "
        f"FROM {{0}} JOIN read_parquet('{order['stores']}') USING (store) GROUP BY region, category",
        events,
    )
    total = sp.partial_sql(
        "SELECT region, category, sum(events)::BIGINT AS events, sum(revenue) AS revenue, "
        "sum(area) / sum(events) AS area FROM {0} GROUP BY region, category ORDER BY region, category",
        parts.repartition(1),
    )
    return total_events(total.take_all())


def shuffle_write(sp, order, target):
    dealt = sp.read_parquet(order["events"]).repartition(PARTITIONS, hash_by="customer")
    dealt.write_parquet(target)
    return written_rows(target)


def sort_write(sp, order, target):
    # It has no global sort: one partition, sorted, is the nearest.
    whole = sp.read_parquet(order["events"]).repartition(1)
    whole.partial_sort(["amount desc", "id"]).write_parquet(target)
    return written_rows(target)


def partial_group(sp, order, target):
    dealt = sp.read_parquet(order["events"]).repartition(PARTITIONS, hash_by="customer")
    groups = sp.partial_sql(
        "SELECT customer, count(*) AS events, sum(amount) AS revenue, max(ts) AS last FROM {0} GROUP BY customer",
        dealt,
    )
    groups.write_parquet(target)
    return written_rows(target)


def map_rows(sp, order, target):
    sales = sp.read_parquet(order["events"][:2]).repartition(2)
    sales.map(lambda row: {"id": row["id"], "total": row["amount"] * 1.19}).write_parquet(target)
    return written_rows(target)


def map_batches(sp, order, target):
    import pyarrow.compute as compute

    def totals(table):
        return table.select(["id"]).append_column("total", compute.multiply(table["amount"], 1.19))

    sales = sp.read_parquet(order["events"]).repartition(len(order["events"]))
    sales.map_batches(totals).write_parquet(target)
    return written_rows(target)


def count_tiny(sp, order, target):
    return f"{sp.read_parquet(order['tiny']).count()} rows"


PIPELINES = {
    "scan": scan,
    "join": join,
    "shuffle-write": shuffle_write,
    "sort-write": sort_write,
    "partial-group": partial_group,
    "map-rows": map_rows,
    "map-batches": map_batches,
    "startup": count_tiny,
}


def total_events(rows):
    return f"{len(rows)} rows, {int(sum(row['events'] for row in rows))} events"


def written_rows(target):
    import pyarrow.parquet as parquet

    files = [os.path.join(folder, name) for folder, _, names in os.walk(target) for name in names]
    return f"{sum(parquet.read_metadata(file).num_rows for file in files if file.endswith('.parquet'))} rows"


def main():
    order = json.loads(sys.argv[1])
    sp = start(order)
    answer({"ready": (time.perf_counter() - STARTED) * 1000})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            began = time.perf_counter()
            check = PIPELINES[request["pipeline"]](sp, order, request["target"])
            answer({"ms": (time.perf_counter() - began) * 1000, "check": check})
        except Exception:
            answer({"error": traceback.format_exc(limit=8)[-4000:]})
    sp.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
