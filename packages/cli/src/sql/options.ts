/** Options of `pond sql`, as the command line gives them. */
export interface SqlOptions {
  readonly file?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly output?: string;
  readonly all?: boolean;
  readonly verbose?: boolean;
}
