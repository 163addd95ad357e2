// Three million US flights: the busiest airports, how late they leave, and when in the day it gets bad.
// With FLIGHTS=3fs://host:port/directory all of it is in a cluster: data, what is between the steps, and what comes out.
import { fileURLToPath } from "node:url";
import { init } from "smallpond";

const cluster = process.env.FLIGHTS;
const data = cluster
  ? `${cluster}/data`
  : fileURLToPath(new URL("../data", import.meta.resolve("vega-datasets")));
const output = cluster ?? "output";
await using sp = await init({ jobName: "flights", dataRoot: `${output}/jobs` });

// Frames are plans; nothing is read yet. All flights from one airport will be in one of eight partitions.
const flights = sp.readParquet(`${data}/flights-3m.parquet`).repartition(8, { hashBy: "origin" });
const airports = sp.readCsv(`${data}/airports.csv`);

// One DuckDB query per partition, several at a time.
const delays = sp.partialSql(
  `SELECT origin, count(*) AS flights, round(avg(delay), 1) AS mean_delay,
          quantile_cont(delay, 0.9) AS p90_delay, round(100 * avg((delay > 15)::INT), 1) AS late_percent
   FROM {0} GROUP BY origin`,
  flights,
);
const byAirport = delays
  .join(airports, { on: { left: "origin", right: "iata" } })
  .select("origin", "name", "city", "flights", "mean_delay", "p90_delay", "late_percent");

const written = await byAirport.writeParquet(`${output}/flights-by-airport`, { mode: "overwrite" });

console.log("\nThe busiest airports, delays in minutes\n");
await byAirport.sort("flights DESC").drop("name").limit(12).show();

const hours = await flights
  .groupBy({ hour: "hour(date)" })
  .agg<{ hour: bigint; flights: bigint; late: number }>({
    flights: "count(*)",
    late: "avg((delay > 15)::INT)",
  })
  .filter("flights > 10_000")
  .sort("hour")
  .takeAll();

console.log("\nFlights more than 15 minutes late, by hour of departure\n");
const width = Math.min(60, (process.stdout.columns ?? 80) - 14);
const most = Math.max(...hours.map(({ late }) => late));
for (const { hour, late } of hours) {
  const bar = "█".repeat(Math.round((late / most) * width));
  console.log(`${String(hour).padStart(2, "0")}:00 ${bar} ${Math.round(100 * late)} %`);
}

console.log(`\n${written.rows} airports: ${written.files.join(", ")}`);
console.log(`What the job did: ${sp.directory}/report.json`);
