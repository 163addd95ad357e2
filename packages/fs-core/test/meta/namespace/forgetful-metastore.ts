/** A metastore that does not say of some commits whether they happened. */
import type { Clock, Random, SignalOptions } from "@smallpond/base";
import { transact } from "../../../src/metastore/engine/transact.ts";
import { DEFAULT_RETRY_SETTINGS } from "../../../src/metastore/settings.ts";
import type { Metastore, Transaction, TransactOptions } from "../../../src/metastore/transaction.ts";

export class ForgetfulMetastore implements Metastore {
  /** Of commits; half of those did happen. */
  forgottenShare = 0;
  /** How many have been. */
  forgotten = 0;
  readonly #deps: { readonly metastore: Metastore; readonly clock: Clock; readonly random: Random };

  constructor(deps: { readonly metastore: Metastore; readonly clock: Clock; readonly random: Random }) {
    this.#deps = deps;
  }

  async begin(options?: SignalOptions): Promise<Transaction> {
    const transaction = await this.#deps.metastore.begin(options);
    const commit: Transaction["commit"] = async (how) => {
      const { random } = this.#deps;
      if (random.next() >= this.forgottenShare) return transaction.commit(how);
      this.forgotten += 1;
      if (random.next() < 0.5) await transaction.commit(how);
      return { kind: "unknown" };
    };
    return new Proxy(transaction, {
      get: (target, name) => {
        if (name === "commit") return commit;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  transact<T>(body: (transaction: Transaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    return transact({ ...this.#deps, metastore: this }, DEFAULT_RETRY_SETTINGS, body, options);
  }
}
