/** Entry of a side's process: opens one side of one benchmark and runs rounds when told to. */
import { performance } from "node:perf_hooks";
import { formatError } from "@smallpond/base";
import { loadSuite } from "../suites/index.ts";
import type { OpenSide } from "./benchmark.ts";
import type { FromSide, SideOrder, ToSide } from "./messages.ts";

const order = JSON.parse(process.argv[2] ?? "{}") as SideOrder;
const benchmark = (await loadSuite(order.suite)).benchmarks.find((one) => one.name === order.benchmark);
const side = benchmark?.sides.find((one) => one.name === order.side);
if (side === undefined) throw new Error(`there is no side ${order.side} in ${order.benchmark}`);

let open: OpenSide | undefined;
process.on("message", (message: ToSide) => void answer(() => handle(message)));
process.on("disconnect", () => process.exit(1));
await answer(async () => {
  open = await side.open(order.context);
  return { kind: "ready" };
});

async function handle(message: ToSide): Promise<FromSide> {
  if (open === undefined) throw new Error("the side is not open");
  switch (message.kind) {
    case "run": {
      const start = performance.now();
      const outcome = await open.run(message.round);
      const ms = performance.now() - start;
      return { kind: "ran", ms, outcome, steps: open.steps?.() ?? [] };
    }
    case "tidy":
      await open.tidy?.(message.round);
      return { kind: "tidied" };
    case "close":
      await open.close();
      return { kind: "closed" };
    default:
      return message satisfies never;
  }
}

async function answer(work: () => Promise<FromSide>): Promise<void> {
  try {
    process.send?.(await work());
  } catch (error) {
    process.send?.({ kind: "failed", message: formatError(error) } satisfies FromSide);
  }
}
