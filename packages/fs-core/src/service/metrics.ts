/**
 * Numbers that services keep about themselves, in Prometheus' text format (version 0.0.4). Names begin with `pond_` and
 * end in the unit: `_total`, `_seconds`, `_bytes`.
 */
import { assert } from "@smallpond/base";

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds: from 50 µs, doubling. */
const SECONDS_BUCKETS: readonly number[] = Array.from({ length: 19 }, (_, step) => 0.000_05 * 2 ** step);
/** Label combinations of one metric. Further ones are counted together, under `other`. */
const SERIES_MAX = 1000;

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly family: Family<unknown>;
  lines(): Iterable<string>;
}

export class Counter {
  #value = 0;

  add(count: number = 1): void {
    assert(count >= 0, `a counter only rises, not by ${count}`);
    this.#value += count;
  }

  get value(): number {
    return this.#value;
  }
}

export class Gauge {
  #value = 0;

  set(value: number): void {
    this.#value = value;
  }

  add(difference: number): void {
    this.#value += difference;
  }

  get value(): number {
    return this.#value;
  }
}

export class Histogram {
  readonly #counts: number[] = new Array<number>(SECONDS_BUCKETS.length + 1).fill(0);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < SECONDS_BUCKETS.length && seconds > SECONDS_BUCKETS[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += seconds;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many were at most each bound, then how many there were. */
  get cumulative(): readonly number[] {
    let total = 0;
    return this.#counts.map((count) => (total += count));
  }
}

/** A metric with labels: one series for each combination of their values. */
export class Family<S> {
  readonly names: readonly string[];
  readonly #series: Map<string, S> = new Map();
  readonly #make: () => S;

  constructor(names: readonly string[], make: () => S) {
    this.names = names;
    this.#make = make;
  }

  /** Values in the order of the names. */
  of(...values: readonly string[]): S {
    assert(values.length === this.names.length, `${this.names.length} label values are needed`);
    let labels = this.names.map((name, at) => `${name}="${escapeLabel(values[at]!)}"`).join(",");
    if (!this.#series.has(labels) && this.#series.size >= SERIES_MAX) {
      labels = this.names.map((name) => `${name}="other"`).join(",");
    }
    let series = this.#series.get(labels);
    if (series === undefined) {
      series = this.#make();
      this.#series.set(labels, series);
    }
    return series;
  }

  entries(): Iterable<readonly [labels: string, series: S]> {
    return this.#series.entries();
  }
}

/** All metrics of one process. Asking for one again gives the same: parts of a process count together. */
export class Metrics {
  readonly #metrics: Map<string, Metric> = new Map();

  counter(name: string, help: string): Counter {
    return this.counters(name, help, []).of();
  }

  gauge(name: string, help: string): Gauge {
    return this.gauges(name, help, []).of();
  }

  histogram(name: string, help: string): Histogram {
    return this.histograms(name, help, []).of();
  }

  counters(name: string, help: string, labels: readonly string[]): Family<Counter> {
    return this.#family({ name, help, type: "counter" }, labels, () => new Counter(), valueLines);
  }

  gauges(name: string, help: string, labels: readonly string[]): Family<Gauge> {
    return this.#family({ name, help, type: "gauge" }, labels, () => new Gauge(), valueLines);
  }

  histograms(name: string, help: string, labels: readonly string[]): Family<Histogram> {
    return this.#family({ name, help, type: "histogram" }, labels, () => new Histogram(), histogramLines);
  }

  /** What a scrape is answered. */
  text(): string {
    const lines: string[] = [];
    for (const metric of [...this.#metrics.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`);
      lines.push(...metric.lines());
    }
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  #family<S>(
    about: Pick<Metric, "name" | "help" | "type">,
    labels: readonly string[],
    make: () => S,
    linesOf: (name: string, family: Family<S>) => Iterable<string>,
  ): Family<S> {
    const { name, type } = about;
    assert(/^pond_[a-z0-9_]+$/.test(name), `not a metric's name: ${name}`);
    const known = this.#metrics.get(name);
    if (known !== undefined) {
      assert(known.type === type, `the metric ${name} is a ${known.type}`);
      assert(known.family.names.join() === labels.join(), `the metric ${name} has other labels`);
      return known.family as Family<S>;
    }
    const family = new Family(labels, make);
    this.#metrics.set(name, { ...about, family, lines: () => linesOf(name, family) });
    return family;
  }
}

function* valueLines(name: string, family: Family<Counter | Gauge>): Generator<string> {
  for (const [labels, { value }] of family.entries()) yield `${name}${braces(labels)} ${value}`;
}

function* histogramLines(name: string, family: Family<Histogram>): Generator<string> {
  for (const [labels, series] of family.entries()) {
    const { cumulative, sum } = series;
    const all = labels === "" ? "" : `${labels},`;
    for (const [at, bound] of SECONDS_BUCKETS.entries()) {
      yield `${name}_bucket{${all}le="${bound}"} ${cumulative[at]}`;
    }
    yield `${name}_bucket{${all}le="+Inf"} ${cumulative.at(-1)}`;
    yield `${name}_sum${braces(labels)} ${sum}`;
    yield `${name}_count${braces(labels)} ${cumulative.at(-1)}`;
  }
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
