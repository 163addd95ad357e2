import { describe, expect, test } from "vitest";
import { Metrics } from "../../src/service/metrics.ts";

describe("metrics", () => {
  test("are told in Prometheus' text format, in order of their names", () => {
    const metrics = new Metrics();
    metrics.gauge("pond_b", "A gauge.").set(-1.5);
    metrics.counter("pond_a_total", "A counter.").add(3);
    metrics.counters("pond_c_total", "By colour.", ["colour", "size"]).of("red", "1").add();
    expect(metrics.text()).toBe(
      [
        "# HELP pond_a_total A counter.",
        "# TYPE pond_a_total counter",
        "pond_a_total 3",
        "# HELP pond_b A gauge.",
        "# TYPE pond_b gauge",
        "pond_b -1.5",
        "# HELP pond_c_total By colour.",
        "# TYPE pond_c_total counter",
        'pond_c_total{colour="red",size="1"} 1',
        "",
      ].join("\n"),
    );
  });

  test("none are an empty page", () => {
    expect(new Metrics().text()).toBe("");
  });

  test("a histogram counts what is at most each bound", () => {
    const metrics = new Metrics();
    const histogram = metrics.histogram("pond_x_seconds", "Waiting.");
    for (const seconds of [0.00005, 0.0001, 0.00011, 100]) histogram.observe(seconds);
    const lines = metrics.text().split("\n");
    expect(lines).toContain('pond_x_seconds_bucket{le="0.00005"} 1');
    expect(lines).toContain('pond_x_seconds_bucket{le="0.0001"} 2');
    expect(lines).toContain('pond_x_seconds_bucket{le="0.0002"} 3');
    expect(lines).toContain('pond_x_seconds_bucket{le="+Inf"} 4');
    expect(lines).toContain("pond_x_seconds_count 4");
    expect(lines.find((line) => line.startsWith("pond_x_seconds_sum"))).toMatch(/ 100\.0002\d*$/);
    const buckets = lines
      .filter((line) => line.includes("_bucket"))
      .map((line) => Number(line.split(" ")[1]));
    expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
  });

  test("labels keep their quotes, backslashes and line ends to themselves", () => {
    const metrics = new Metrics();
    metrics.counters("pond_a_total", "A.", ["path"]).of('a"b\\c\nd').add();
    expect(metrics.text()).toContain('pond_a_total{path="a\\"b\\\\c\\nd"} 1');
  });

  test("the same name is the same metric, and another shape of it is a bug", () => {
    const metrics = new Metrics();
    metrics.counter("pond_a_total", "A.").add();
    metrics.counter("pond_a_total", "A.").add();
    expect(metrics.counter("pond_a_total", "A.").value).toBe(2);
    const bug = expect.objectContaining({ name: "InvariantError" });
    expect(() => metrics.gauge("pond_a_total", "A.")).toThrow(bug);
    expect(() => metrics.counters("pond_a_total", "A.", ["x"])).toThrow(bug);
    expect(() => metrics.counter("up", "A.")).toThrow(bug);
  });

  test("too many series of one metric are counted together", () => {
    const metrics = new Metrics();
    const family = metrics.counters("pond_a_total", "A.", ["user"]);
    for (let user = 0; user < 1500; user++) family.of(`${user}`).add();
    const lines = metrics.text().trimEnd().split("\n").slice(2);
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toBe('pond_a_total{user="other"} 500');
  });

  test("a counter does not fall", () => {
    const counter = new Metrics().counter("pond_a_total", "A.");
    expect(() => counter.add(-1)).toThrow(expect.objectContaining({ name: "InvariantError" }));
  });
});
