/** What ran at the service, and what clients were told of it. It stands outside of the world and forgets nothing. */
export class Ledger {
    #entries = [];
    #answered = 0;
    get answered() {
        return this.#answered;
    }
    /** A token for a new call. */
    open(method) {
        this.#entries.push({ method, told: undefined, runs: 0 });
        return this.#entries.length - 1;
    }
    ran(token) {
        this.#entries[token].runs += 1;
    }
    tell(token, told) {
        this.#entries[token].told = told;
        if (told === "answered")
            this.#answered += 1;
    }
    /** Why what clients were told is not what happened; nothing if it is. Asked at the end: a question may arrive late. */
    contradiction() {
        for (const [token, { method, told, runs }] of this.#entries.entries()) {
            const where = `call ${token} (${method}) was told "${told ?? "nothing"}" and ran ${runs} times`;
            if (told === "answered" && runs === 0)
                return where;
            if (told === "not done" && runs > 0)
                return where;
            if (method === "once" && runs > 1)
                return where;
        }
        return undefined;
    }
}
