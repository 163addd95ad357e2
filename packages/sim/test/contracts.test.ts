/** The simulated clock, disk and network keep every promise of the seams as long as nothing is broken. */
import type { Net } from "@smallpond/base";
import { clockContract, diskContract, netContract } from "@smallpond/base/testing";
import { runContract } from "./run-contract.ts";

const GOODBYE = { [Symbol.asyncDispose]: async () => {} };

runContract("SimClock", (current) =>
  clockContract(() => {
    const { clock } = current();
    return { clock, advance: (ms) => clock.sleep(ms) };
  }),
);

runContract("SimDisk", (current) =>
  diskContract(async () => {
    const { disk } = current();
    const directory = await disk.tempDirectory();
    return { disk, directory: directory.path, ...GOODBYE };
  }),
);

const overTcp = (current: () => { readonly net: Net }) =>
  netContract(async () => ({
    net: current().net,
    address: { kind: "tcp", host: "127.0.0.1", port: 0 },
    ...GOODBYE,
  }));

runContract("SimNet", overTcp);
runContract("SimNet in small pieces", overTcp, { fabric: { segmentBytesMax: 100_000, windowBytes: 3_000 } });

runContract("SimNet over a unix socket", (current) =>
  netContract(async () => ({
    net: current().net,
    address: { kind: "unix", path: "/tmp/socket" },
    ...GOODBYE,
  })),
);
