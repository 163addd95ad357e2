/** A service that counts tokens, and clients that send them. */
import { isPondError, Tasks } from "@smallpond/base";
import { testClients, testServer } from "@smallpond/fs-core/testing";
export const SERVICE = { kind: "tcp", host: "s", port: 9000 };
export function serviceProgram({ world, ledger, methods }, settings) {
    return async (seams) => {
        const { clock, random, stop, alive } = seams;
        const { server } = testServer({ ...seams, onInvariant: (error) => world.fail(error) }, { ...settings, silenceMsMax: 2 * settings.silenceMs, graceMs: 100 });
        for (const method of [methods.once, methods.again]) {
            server.handle(method, async ({ token, slow }, { signal }) => {
                if (alive())
                    ledger.ran(token);
                if (slow)
                    await clock.sleep(settings.slowMs * random.next(), { signal });
                return { token };
            });
        }
        await server.listen(SERVICE);
        if (!stop.aborted) {
            await new Promise((resolve) => {
                stop.addEventListener("abort", () => resolve(), { once: true });
            });
        }
        await server.close();
    };
}
export function clientProgram(parts, settings) {
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
                while (!seams.stop.aborted)
                    await callOnce(parts, seams, clients.to(SERVICE), settings);
            });
        }
        await Promise.race([callers.idle(), callers.failure]);
        await clients.close();
    };
}
async function callOnce(parts, seams, service, settings) {
    const { clock, random, alive, stop } = seams;
    const name = random.int(2) === 0 ? "once" : "again";
    const token = parts.ledger.open(name);
    const patience = random.int(8) === 0 ? clock.deadline(random.int(50)) : undefined;
    const method = parts.methods[name];
    let told;
    try {
        const question = { token, slow: random.int(3) === 0 };
        const options = { timeoutMs: 50 + random.int(settings.timeoutMs), signal: patience?.signal };
        const answer = await service.call(method, question, options);
        if (answer.token !== token)
            throw new RangeError(`call ${token} got the answer to call ${answer.token}`);
        told = "answered";
    }
    catch (error) {
        told = toldBy(error);
    }
    finally {
        patience?.[Symbol.dispose]();
    }
    if (alive())
        parts.ledger.tell(token, told);
    if (!stop.aborted)
        await clock.sleep(random.int(20), { signal: stop }).catch(() => { });
}
/** `DEADLINE_EXCEEDED` is the caller's own impatience. Anything else that is not of the network is a bug. */
function toldBy(error) {
    if (isPondError(error, "DEADLINE_EXCEEDED"))
        return "unknown";
    const expected = ["NO_ANSWER", "OVERLOADED", "CLOSING", "BAD_FRAME"];
    if (!isPondError(error) || !expected.includes(error.code))
        throw error;
    return error.kind === "retry" ? "not done" : "unknown";
}
