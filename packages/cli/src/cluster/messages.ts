/** What a cluster that starts in the background tells the command that started it. */
import type { ErrorJson } from "@smallpond/base";

export type ClusterMessage =
  | { readonly kind: "progress"; readonly text: string }
  | { readonly kind: "serves"; readonly url: string }
  | { readonly kind: "failed"; readonly error: ErrorJson };
