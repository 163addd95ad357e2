/** What clients ask of a file system, and what they may be answered. */

/** A name in a directory that the system calls `dir`. */
export interface Place {
  readonly dir: bigint;
  readonly name: string;
}

export type NamespaceInput =
  | ({ readonly kind: "lookup" } & Place)
  | { readonly kind: "stat"; readonly id: bigint }
  | { readonly kind: "read"; readonly id: bigint }
  | { readonly kind: "readdir"; readonly id: bigint }
  /** From the root; the last symbolic link is followed too. */
  | { readonly kind: "resolve"; readonly path: string }
  /** Fails if the name is taken. */
  | ({ readonly kind: "create"; readonly mode: number } & Place)
  | ({ readonly kind: "mkdir"; readonly mode: number } & Place)
  | ({ readonly kind: "symlink"; readonly target: string } & Place)
  /** Replaces all bytes of a file, or makes it. */
  | ({ readonly kind: "write"; readonly mode: number; readonly text: string } & Place)
  | ({ readonly kind: "link"; readonly id: bigint } & Place)
  | ({ readonly kind: "unlink" } & Place)
  | ({ readonly kind: "rmdir" } & Place)
  /** Detaches a directory with all that is in it. */
  | ({ readonly kind: "remove-tree" } & Place)
  | {
      readonly kind: "rename";
      readonly from: Place;
      readonly to: Place;
      readonly how: "replace" | "no-replace" | "exchange";
    }
  | { readonly kind: "chmod"; readonly id: bigint; readonly mode: number };

export interface EntrySeen {
  readonly name: string;
  readonly id: bigint;
}

/** An error's name; or what was told of the inode, of its bytes, or of a directory's entries in order of names. */
export type NamespaceOutput =
  | { readonly code: string }
  | { readonly id?: bigint; readonly value?: string; readonly entries?: readonly EntrySeen[] };

export function isReadOnly(input: NamespaceInput): boolean {
  return ["lookup", "stat", "read", "readdir", "resolve"].includes(input.kind);
}

export function describeInput(input: NamespaceInput): string {
  const place = ({ dir, name }: Place): string => `${dir}/${name}`;
  switch (input.kind) {
    case "stat":
    case "read":
    case "readdir":
      return `${input.kind} ${input.id}`;
    case "chmod":
      return `chmod ${input.mode.toString(8)} ${input.id}`;
    case "resolve":
      return `resolve ${input.path}`;
    case "rename":
      return `rename ${place(input.from)} to ${place(input.to)}${input.how === "replace" ? "" : ` (${input.how})`}`;
    case "symlink":
      return `symlink ${place(input)} to ${input.target}`;
    case "write":
      return `write ${place(input)} ${JSON.stringify(input.text)}`;
    case "link":
      return `link ${input.id} as ${place(input)}`;
    case "lookup":
    case "create":
    case "mkdir":
    case "unlink":
    case "rmdir":
    case "remove-tree":
      return `${input.kind} ${place(input)}`;
    default:
      return input satisfies never;
  }
}

export function describeOutput(output: NamespaceOutput): string {
  if ("code" in output) return output.code;
  const parts = [
    output.id === undefined ? "" : `inode ${output.id}`,
    output.value ?? "",
    output.entries?.map(({ name, id }) => `${name}=${id}`).join(" ") ?? "",
  ];
  return parts.filter((part) => part !== "").join(" ") || "done";
}
