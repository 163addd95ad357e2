/** A service that counts tokens, and clients that send them. */
import { isPondError, Tasks } from "@smallpond/base";
import { testClients, testServer } from "@smallpond/fs-core/testing";
import type { Program, Seams } from "../../world/process.ts";
import type { SimWorld } from "../../world/world.ts";
import type { Ledger, Told } from "./ledger.ts";
import type { CountMethod, CountMethods } from "./methods.ts";

export const SERVICE = { kind: "tcp", host: "s", port: 9000 } as const;

export interface RpcSettings {
  readonly callsMax: number;
  readonly callsPerConnectionMax: number;
  readonly slowMs: number;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  readonly callers: number;
}

export interface RpcParts {
  readonly world: SimWorld;
  readonly ledger: Ledger;
  readonly methods: CountMethods;
}

export function serviceProgram({ world, ledger, methods }: RpcParts, settings: RpcSettings): Program {
  return async (seams) => {
    const { clock, random, stop, alive } = seams;
    const { server } = testServer(
      { ...seams, onInvariant: (error) => world.fail(error) },
      { ...settings, silenceMsMax: 2 * settings.silenceMs, graceMs: 100 },
    );
    for (const method of [methods.once, methods.again]) {
      server.handle(method, async ({ token, slow }, { signal }) => {
        if (alive()) ledger.ran(token);
        if (slow) await clock.sleep(settings.slowMs * random.next(), { signal });
        return { token };
      });
    }
    await server.listen(SERVICE);
    if (!stop.aborted) {
      await new Promise<void>((resolve) => {
        stop.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    await server.close();
  };
}

export function clientProgram(parts: RpcParts, settings: RpcSettings): Program {
  return async (seams) => {
    const { silenceMs } = settings;
    const clients = testClients(seams, {
      pingMs: silenceMs / 4,
      silenceMsMax: silenceMs,
      givenUpMsMax: 2 * silenceMs,
    });
    const callers = new Tasks();
    for (let caller = 0; caller < settings.callers; caller++) {
      callers.spawn(async () => {
        while (!seams.stop.aborted) await callOnce(parts, seams, clients.to(SERVICE), settings);
      });
    }
    await Promise.race([callers.idle(), callers.failure]);
    await clients.close();
  };
}

type CallOf = ReturnType<ReturnType<typeof testClients>["to"]>;

async function callOnce(
  parts: RpcParts,
  seams: Seams,
  service: CallOf,
  settings: RpcSettings,
): Promise<void> {
  const { clock, random, alive, stop } = seams;
  const name = random.int(2) === 0 ? "once" : "again";
  const token = parts.ledger.open(name);
  const patience = random.int(8) === 0 ? clock.deadline(random.int(50)) : undefined;
  const method: CountMethod = parts.methods[name];
  let told: Told;
  try {
    const question = { token, slow: random.int(3) === 0 };
    const options = { timeoutMs: 50 + random.int(settings.timeoutMs), signal: patience?.signal };
    const answer = await service.call(method, question, options);
    if (answer.token !== token) throw new RangeError(`call ${token} got the answer to call ${answer.token}`);
    told = "answered";
  } catch (error) {
    told = toldBy(error);
  } finally {
    patience?.[Symbol.dispose]();
  }
  if (alive()) parts.ledger.tell(token, told);
  if (!stop.aborted) await clock.sleep(random.int(20), { signal: stop }).catch(() => {});
}

/** `DEADLINE_EXCEEDED` is the caller's own impatience. Anything else that is not of the network is a bug. */
function toldBy(error: unknown): Told {
  if (isPondError(error, "DEADLINE_EXCEEDED")) return "unknown";
  const expected = ["NO_ANSWER", "OVERLOADED", "CLOSING", "BAD_FRAME"];
  if (!isPondError(error) || !expected.includes(error.code)) throw error;
  return error.kind === "retry" ? "not done" : "unknown";
}
