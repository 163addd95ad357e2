/** The doors to this machine: the store on disk, TLS, hashes, and services as processes. */
export { NodeCrypto } from "./node-crypto.ts";
