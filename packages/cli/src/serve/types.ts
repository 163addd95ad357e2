/** Types of services' settings that configuration speaks of. */
import type { ServeMindSettings, ServeStorageSettings } from "@smallpond/fs-core/platform";

export type LogLevel = NonNullable<ServeMindSettings["logLevel"]>;
export type TargetPlace = ServeStorageSettings["targets"][number];
