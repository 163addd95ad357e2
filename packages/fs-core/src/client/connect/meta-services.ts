/**
 * The metadata services that the routing names, as one caller: always the same one, until it does not answer or is gone.
 * Different clients begin with different ones, so that all have about as much to do.
 */
import { formatAddress, isPondError, type NetAddress, PondError, type Random } from "@smallpond/base";
import { isFsError } from "../../meta/model/errors.ts";
import type { RoutingInfo } from "../../mgmtd/model/routing.ts";
import type { Caller, CallOptions, Method } from "../../wire/rpc/method.ts";

export interface MetaServicesDeps {
  readonly callers: { to(address: NetAddress): Caller };
  /** As it is known at the moment. */
  readonly routing: { readonly routing: RoutingInfo };
  readonly random: Random;
}

export class MetaServices implements Caller {
  readonly #deps: MetaServicesDeps;
  #current: string | undefined;

  constructor(deps: MetaServicesDeps) {
    this.#deps = deps;
  }

  /** `NO_META_SERVICE` of kind `retry` while nobody is known. */
  async call<Q, A>(method: Method<Q, A>, question: Q, options: CallOptions = {}): Promise<A> {
    const address = this.#choose();
    const name = formatAddress(address);
    try {
      return await this.#deps.callers.to(address).call(method, question, options);
    } catch (error) {
      // Of several calls that it did not answer, one turns to the next.
      if (!isAnswer(error) && options.signal?.aborted !== true && this.#current === name) this.#turn(name);
      throw error;
    }
  }

  #choose(): NetAddress {
    const addresses = metaServicesIn(this.#deps.routing.routing);
    if (addresses.length === 0) throw noMetaService();
    const known = addresses.find((address) => formatAddress(address) === this.#current);
    const address = known ?? addresses[this.#deps.random.int(addresses.length)]!;
    this.#current = formatAddress(address);
    return address;
  }

  #turn(from: string): void {
    const names = metaServicesIn(this.#deps.routing.routing).map(formatAddress);
    this.#current = names[(names.indexOf(from) + 1) % Math.max(1, names.length)];
  }
}

/** Those that are alive, or all that there are: that nobody has heard of them may be the cluster manager's trouble. */
export function metaServicesIn({ nodes }: RoutingInfo): readonly NetAddress[] {
  const all = [...nodes.values()].filter(
    ({ kind, status, addresses }) => kind === "meta" && status !== "disabled" && addresses.length > 0,
  );
  const alive = all.filter(({ status }) => status === "alive");
  return (alive.length > 0 ? alive : all).map(({ addresses }) => addresses[0]!);
}

/** What another service would say too. */
function isAnswer(error: unknown): boolean {
  if (isFsError(error)) return true;
  return isPondError(error) && (error.kind === "invalid" || error.kind === "corrupt");
}

function noMetaService(): PondError {
  return new PondError("NO_META_SERVICE", {
    kind: "retry",
    message: "no metadata service of the cluster is known",
    hint: "start one, or wait until the cluster manager has heard of it",
  });
}
