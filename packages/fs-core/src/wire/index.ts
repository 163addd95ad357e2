/** What the rooms use of the wire: codecs from `./codec/index.ts`, and RPC. */
export { DEFAULT_FRAME_SETTINGS, type FrameSettings } from "./frame.ts";
export type { Authenticator, Credentials } from "./rpc/authentication.ts";
export { RpcClient, type RpcClientDeps } from "./rpc/client.ts";
export { RpcClients, type RpcClientsSettings } from "./rpc/clients.ts";
export { type NoAnswerError, noAnswer, type RpcErrorCode, rpcError } from "./rpc/errors.ts";
export { LocalCaller, type LocalCallerDeps, type LocalCallerSettings } from "./rpc/local-caller.ts";
export {
  type Access,
  type Bulk,
  type CallContext,
  type Caller,
  type CallOptions,
  type Handler,
  type Method,
  method,
  type Principal,
  SERVICE,
  type UserIdentity,
} from "./rpc/method.ts";
export { RpcRouter, type RpcRouterDeps, type RpcRouterSettings } from "./rpc/router.ts";
export { RpcServer, type RpcServerDeps } from "./rpc/server.ts";
export {
  DEFAULT_RPC_CLIENT_SETTINGS,
  DEFAULT_RPC_SERVER_SETTINGS,
  type RpcClientSettings,
  type RpcServerSettings,
} from "./rpc/settings.ts";
export {
  formatToken,
  newToken,
  parseToken,
  type Token,
  tokenExpired,
  tokenHash,
  tokenInvalid,
} from "./rpc/token.ts";
export { FabricTransport, type FabricTransportDeps } from "./transport/fabric-transport.ts";
export { NearTransport, type NearTransportDeps } from "./transport/near-transport.ts";
export { NetTransport, type NetTransportDeps } from "./transport/net-transport.ts";
export type { Channel, ChannelListener, Transport } from "./transport/transport.ts";
