import { rotateLastServer } from "../chain/operations/rotate-last-server.ts";
import { knownChain, type Operation } from "./operation.ts";

export const rotateChainsLastServer: Operation<"rotateLastServer"> = (state, { chain, target }) => ({
  change: { chains: changed(knownChain(state, chain), (known) => rotateLastServer(known, target)) },
  result: undefined,
});

function changed<T>(before: T, change: (before: T) => T): readonly T[] {
  const after = change(before);
  return after === before ? [] : [after];
}
