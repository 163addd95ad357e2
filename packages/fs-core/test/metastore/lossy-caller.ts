/** A caller whose questions or answers get lost. */
import type { Random } from "@smallpond/base";
import type { Caller, CallOptions, Method } from "@smallpond/fs-core";
import { noAnswer } from "../../src/wire/index.ts";

export interface Losses {
  questionShare: number;
  answerShare: number;
}

export function lossyCaller(caller: Caller, random: Random, losses: Losses): Caller {
  return {
    async call<Q, A>(method: Method<Q, A>, question: Q, options?: CallOptions): Promise<A> {
      const lost = noAnswer({ method: method.name, address: "somewhere", sent: true, why: "it got lost" });
      const draw = random.next();
      if (draw < losses.questionShare) throw lost;
      const answer = await caller.call(method, question, options);
      if (draw < losses.questionShare + losses.answerShare) throw lost;
      return answer;
    },
  };
}
