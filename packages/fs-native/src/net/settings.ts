/** Limits of leased connections. */
import { DEFAULT_NET_SETTINGS, type NetSettings } from "@smallpond/base";

export interface LeasedNetSettings extends NetSettings {
  /**
   * The receive buffer of a connection that is read by `fill`: small, since what a payload leaves in it is copied from
   * there, and large enough for a batch of headers.
   */
  readonly receiveBytes: number;
}

export const DEFAULT_LEASED_NET_SETTINGS: LeasedNetSettings = {
  ...DEFAULT_NET_SETTINGS,
  receiveBytes: 16 * 1024,
};
