/** What can be set about a metadata service, with defaults. */
import { type CollectSettings, DEFAULT_COLLECT_SETTINGS } from "../collect/settings.ts";
import { DEFAULT_SESSION_SETTINGS, type SessionSettings } from "../sessions/settings.ts";
import { DEFAULT_NAMESPACE_SETTINGS, type NamespaceSettings, namespaceSettings } from "../settings.ts";
import { DEFAULT_LOCK_SETTINGS, type LockPatienceSettings } from "./lock-patience.ts";
import { DEFAULT_MEMBERS_SETTINGS, type MembersSettings } from "./members.ts";
import { DEFAULT_SPACE_SETTINGS, type SpaceSettings } from "./space-watch.ts";

export interface MetaSettings {
  readonly namespace: NamespaceSettings;
  readonly sessions: SessionSettings;
  readonly locks: LockPatienceSettings;
  readonly collect: CollectSettings;
  readonly members: MembersSettings;
  readonly space: SpaceSettings;
  /** How often what is kept for a while only is looked through: the trash, and answers of requests. */
  readonly sweepEveryMs: number;
  /** For how long at least a request is known that is sent again; up to twice as long, and `sweepEveryMs`. */
  readonly requestSlotMs: number;
}

export const DEFAULT_META_SETTINGS: MetaSettings = {
  namespace: DEFAULT_NAMESPACE_SETTINGS,
  sessions: DEFAULT_SESSION_SETTINGS,
  locks: DEFAULT_LOCK_SETTINGS,
  collect: DEFAULT_COLLECT_SETTINGS,
  members: DEFAULT_MEMBERS_SETTINGS,
  space: DEFAULT_SPACE_SETTINGS,
  sweepEveryMs: 60_000,
  requestSlotMs: 600_000,
};

/** Changes of each room's settings. */
export type MetaSettingsChanges = {
  readonly [K in keyof MetaSettings]?: MetaSettings[K] extends object
    ? Partial<MetaSettings[K]>
    : MetaSettings[K];
};

/** The defaults with changes. */
export function metaSettings(changes: MetaSettingsChanges = {}): MetaSettings {
  const defaults = DEFAULT_META_SETTINGS;
  return {
    namespace: namespaceSettings(changes.namespace),
    sessions: { ...defaults.sessions, ...changes.sessions },
    locks: { ...defaults.locks, ...changes.locks },
    collect: { ...defaults.collect, ...changes.collect },
    members: { ...defaults.members, ...changes.members },
    space: { ...defaults.space, ...changes.space },
    sweepEveryMs: changes.sweepEveryMs ?? defaults.sweepEveryMs,
    requestSlotMs: changes.requestSlotMs ?? defaults.requestSlotMs,
  };
}
