/** A session for queries typed by hand: everything runs in this process, and nothing of it stays. */
import { rm } from "node:fs/promises";
import { isPondError, PondError } from "@smallpond/base";
import { canShowLine, init, type Session } from "smallpond";

export class SqlSession implements AsyncDisposable {
  readonly session: Session;

  private constructor(session: Session) {
    this.session = session;
  }

  static async open(): Promise<SqlSession> {
    try {
      const session = await init({ jobName: "pond-sql", numExecutors: 0 });
      if (canShowLine()) session.showProgress("line");
      return new SqlSession(session);
    } catch (error) {
      throw isPondError(error) && error.message.startsWith("cannot mkdir") ? noDataRoot(error) : error;
    }
  }

  async close(): Promise<void> {
    await this.session.close();
    // A job keeps its report; a query is no job.
    await rm(this.session.directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function noDataRoot(error: PondError): PondError {
  const { code, kind, message, details } = error;
  const hint = "set SP_DATA_ROOT to a folder that can be written";
  return new PondError(code, { kind, message, details, hint });
}
