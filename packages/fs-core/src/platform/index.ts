/** The doors to this machine: the store on disk, TLS, hashes, and services as processes. */
export {
  AdminHttp,
  type AdminHttpDeps,
  type AdminHttpSettings,
  DEFAULT_ADMIN_HTTP_SETTINGS,
} from "./admin-http.ts";
export { type ClusterFile, parseClusterFile, shapeOf } from "./cluster-directory/cluster-file.ts";
export { type DirectoryLock, isDirectoryLocked, lockDirectory } from "./cluster-directory/directory-lock.ts";
export { type ClusterChoices, DEFAULT_PORT, differenceOf } from "./cluster-directory/new-cluster.ts";
export {
  type OpenedDirectory,
  openClusterDirectory,
  readClusterFile,
} from "./cluster-directory/open-directory.ts";
export { writePrivateFile } from "./cluster-directory/private-file.ts";
export { type RunningCluster, readRunning } from "./cluster-directory/running.ts";
export {
  type ClusterProfile,
  type ClusterProfiles,
  clusterProfilesPath,
  readClusterProfiles,
  rememberCluster,
} from "./cluster-profiles.ts";
export { type ConnectOptions, connect, credentialsFor, type GivenCredentials } from "./connect.ts";
export { LmdbStore, type LmdbStoreSettings, openLmdbStore } from "./lmdb-store.ts";
export { NodeCrypto } from "./node-crypto.ts";
export { endWithParent } from "./processes/end-with-parent.ts";
export {
  MIND_ARGUMENTS,
  type MindEnd,
  MindProcess,
  type MindProcessOptions,
  mindCommand,
} from "./processes/mind-process.ts";
export { type LifeOfNode, reportDeathsTo } from "./processes/report-deaths.ts";
export type { ChildCommand, ChildEnd } from "./processes/supervised-child.ts";
export {
  type ChildDeath,
  type ChildStatus,
  DEFAULT_SUPERVISOR_SETTINGS,
  Supervisor,
  type SupervisorDeps,
  type SupervisorSettings,
} from "./processes/supervisor.ts";
export { managersOf, secretOf, urlOf } from "./serve/cluster-services.ts";
export {
  type ConnectManagerSettings,
  connectManager,
  type ManagerConnection,
} from "./serve/connect-manager.ts";
export { type ConnectMetaSettings, connectMeta, type MetaConnection } from "./serve/connect-meta.ts";
export type { RunningService, RunningServices } from "./serve/running-services.ts";
export {
  type ServeClusterOptions,
  type ServeClusterSettings,
  type ServedCluster,
  serveCluster,
} from "./serve/serve-cluster.ts";
export {
  type ServedMind,
  type ServeMindOptions,
  type ServeMindSettings,
  serveMind,
} from "./serve/serve-mind.ts";
export {
  type ServedStorage,
  type ServeStorageSettings,
  serveStorage,
} from "./serve/serve-storage.ts";
export type { Served, ServiceOptions, ServiceSettings } from "./serve/served.ts";
export {
  DEFAULT_TLS_NET_SETTINGS,
  type TlsError,
  type TlsIdentity,
  TlsNet,
  type TlsNetDeps,
  type TlsNetSettings,
} from "./tls-net.ts";
