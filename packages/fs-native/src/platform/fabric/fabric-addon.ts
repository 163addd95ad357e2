/** What fabric.node exports, as native/fabric declares it. */
import { type Loaded, loadAddon } from "../load-addon.ts";

/** Calls that are refused throw an Error with its `code` and `syscall`. */
export interface FabricAddon {
  fabricVersion(): string;
  /** Rows of provider, network and interface. */
  fabricProviders(): readonly (readonly [string, string, string])[];

  /** `table` as native/fabric/endpoint.cc describes it; `guarantee`: 0 any, 1 read after write. */
  fabricOpen(
    provider: string,
    node: string,
    operations: number,
    receives: number,
    entries: number,
    table: ArrayBuffer,
    guarantee: number,
    onCompletions: (count: number) => void,
  ): EndpointHandle;
  fabricDescribe(endpoint: EndpointHandle): EndpointDescription;
  fabricInsert(endpoint: EndpointHandle, address: Uint8Array): number;
  fabricRemove(endpoint: EndpointHandle, peer: number): void;
  /** `access`: 0 local, 1 peers read, 2 peers read and write; gives region, key and base. */
  fabricRegister(
    endpoint: EndpointHandle,
    memory: ArrayBuffer,
    offset: number,
    length: number,
    access: number,
    key: bigint,
  ): readonly [number, bigint, bigint];
  fabricUnregister(endpoint: EndpointHandle, region: number): void;
  /** Takes the first operations of the table; returns how many. Lane 0 of the next one then says why not. */
  fabricPost(endpoint: EndpointHandle, peer: number, count: number): number;
  /** Moves outcomes into the table without waiting for any; returns how many. */
  fabricReap(endpoint: EndpointHandle): number;
  /** Whether it keeps the process alive; it does at first. */
  fabricHold(endpoint: EndpointHandle, on: boolean): void;
  fabricClose(endpoint: EndpointHandle, onClosed: () => void): void;
}

export interface EndpointDescription {
  readonly address: ArrayBuffer;
  readonly provider: string;
  readonly network: string;
  readonly domain: string;
  readonly addressFormat: string;
  readonly writeGuarantee: "delivery-complete" | "read-after-write";
  readonly transferBytesMax: number;
  readonly injectBytesMax: number;
  readonly transmitDepthMax: number;
  readonly receiveDepthMax: number;
  readonly iovMax: number;
  readonly rmaIovMax: number;
  readonly memoryMode: number;
  readonly keyBytes: number;
  readonly regionsMax: number;
}

export type EndpointHandle = { readonly endpoint: unique symbol };

let loaded: Loaded<FabricAddon> | undefined;

export function fabricAddon(): Loaded<FabricAddon> {
  loaded ??= loadAddon<FabricAddon>("fabric");
  return loaded;
}
