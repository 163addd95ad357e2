/** The doors to this machine: the store on disk, TLS, hashes, and services as processes. */
export { LmdbStore, type LmdbStoreSettings, openLmdbStore } from "./lmdb-store.ts";
export { NodeCrypto } from "./node-crypto.ts";
