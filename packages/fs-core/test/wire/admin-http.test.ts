import { request } from "node:http";
import { createConnection } from "node:net";
import { describe, expect, test } from "vitest";
import { AdminHttp, type AdminHttpSettings } from "../../src/platform/admin-http.ts";
import { silentLogger } from "../../src/service/log.ts";
import { Metrics } from "../../src/service/metrics.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

async function open(settings: Partial<AdminHttpSettings> = {}) {
  const metrics = new Metrics();
  let complaint: string | undefined;
  const admin = await AdminHttp.open({ metrics, log: silentLogger(), unwell: () => complaint }, settings);
  const { port } = admin.address as { port: number };
  const ask = (path: string, method = "GET", body?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, method, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text,
            type: response.headers["content-type"] ?? "",
          }),
        );
      });
      asked.on("error", reject);
      asked.end(body);
    });
  return {
    admin,
    port,
    metrics,
    ask,
    complain: (text: string) => {
      complaint = text;
    },
    [Symbol.asyncDispose]: () => admin.close(),
  };
}

describe("the admin port", () => {
  test("tells the metrics as Prometheus reads them", async () => {
    await using world = await open();
    world.metrics.counter("pond_a_total", "A.").add(2);
    expect(await world.ask("/metrics")).toEqual({
      status: 200,
      body: "# HELP pond_a_total A.\n# TYPE pond_a_total counter\npond_a_total 2\n",
      type: "text/plain; version=0.0.4; charset=utf-8",
    });
    expect((await world.ask("/metrics?x=1")).status).toBe(200);
  });

  test("says whether the process is well, and what is wrong", async () => {
    await using world = await open();
    expect(await world.ask("/healthz")).toMatchObject({ status: 200, body: "ok\n" });
    world.complain("the lease is lost");
    expect(await world.ask("/healthz")).toMatchObject({ status: 503, body: "the lease is lost\n" });
  });

  test.each([
    ["/", "GET", 404],
    ["/metrics/", "GET", 404],
    ["/../etc/passwd", "GET", 404],
    ["/metrics", "POST", 405],
    ["/healthz", "DELETE", 405],
    ["/metrics", "HEAD", 200],
  ])("%s by %s is answered %d", async (path, method, status) => {
    await using world = await open();
    const body = method === "POST" ? "x".repeat(100_000) : undefined;
    expect((await world.ask(path, method, body)).status).toBe(status);
    expect((await world.ask("/healthz")).status).toBe(200);
  });

  test("does not mind garbage, and lets nobody take all its places for long", async () => {
    await using world = await open({ requestMsMax: 50, connectionsMax: 2 });
    const idlers = ["\u0000\u0001garbage\r\n\r\n", "GET /metrics HTTP/1.1\r\nx: "].map((text) => {
      const socket = createConnection({ host: "127.0.0.1", port: world.port });
      socket.on("error", () => {});
      socket.write(text);
      return new Promise<void>((resolve) => socket.on("close", () => resolve()).resume());
    });
    await Promise.all(idlers);
    expect((await world.ask("/healthz")).status).toBe(200);
  });

  test("closes twice, and its port is free again", async () => {
    const { admin, port } = await open();
    await Promise.all([admin.close(), admin.close()]);
    await using again = await open({ address: { kind: "tcp", host: "127.0.0.1", port } });
    await expect(open({ address: again.admin.address })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
