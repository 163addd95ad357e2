/** Many seeds on a real machine: processes, the corpus on disk, and what people read. */
export { type CorpusSeed, readCorpus } from "./corpus.ts";
export { type ExploreOptions, type ExploreSummary, explore } from "./explore.ts";
export { formatFailure, formatSummary, replayCommand } from "./report.ts";
