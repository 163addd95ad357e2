/** What clients ask in the scenario: to count a token, once or as often as it takes. */
import type { Method } from "@smallpond/fs-core";

export interface CountQuestion {
  readonly token: number;
  /** Whether the service takes its time. */
  readonly slow: boolean;
}

export interface CountAnswer {
  readonly token: number;
}

export type CountMethod = Method<CountQuestion, CountAnswer>;

/** `sent-again` is a planted bug: what must run once is declared harmless to repeat. */
export type RpcBug = "sent-again";

export interface CountMethods {
  readonly once: CountMethod;
  readonly again: CountMethod;
}

export function countMethods(bug: RpcBug | undefined): CountMethods {
  return {
    once: countMethod({ id: 0xf001, name: "test.once", repeatable: bug === "sent-again" }),
    again: countMethod({ id: 0xf002, name: "test.again", repeatable: true }),
  };
}

function countMethod(named: Pick<CountMethod, "id" | "name" | "repeatable">): CountMethod {
  return {
    ...named,
    access: "member",
    question: {
      write: (writer, { token, slow }) => {
        writer.u32(token);
        writer.u8(slow ? 1 : 0);
      },
      read: (reader) => ({ token: reader.u32(), slow: reader.u8() === 1 }),
    },
    answer: {
      write: (writer, { token }) => writer.u32(token),
      read: (reader) => ({ token: reader.u32() }),
    },
  };
}
