import { describe, expect, it } from "vitest";
import { LinkReceiver, LinkSender } from "../../../src/storage/chain/links.ts";

describe("numbers of what is passed on", () => {
  it("rise, and tell below which all is over", () => {
    const sender = new LinkSender();
    const [first, second, third] = [sender.begin(), sender.begin(), sender.begin()];
    expect(sender.link(third)).toEqual({ sequence: 3, settledBelow: 1 });
    sender.end(second);
    expect(sender.link(third)).toEqual({ sequence: 3, settledBelow: 1 });
    sender.end(first);
    expect(sender.link(third)).toEqual({ sequence: 3, settledBelow: 3 });
    sender.end(third);
    expect(sender.open).toBe(0);
    expect(sender.link(sender.begin())).toEqual({ sequence: 4, settledBelow: 4 });
  });

  it("tell copies: while it may be asked for again, the outcome is that of the first, also if it was refused", async () => {
    const receiver = new LinkReceiver<string>();
    let times = 0;
    const hear = async (sequence: number, settledBelow: number, outcome: string): Promise<string> => {
      const link = { sequence, settledBelow };
      receiver.hear(link);
      if (receiver.isOld(link)) return "old";
      return await receiver.once(link, async () => {
        times += 1;
        return outcome;
      });
    };
    expect(await hear(2, 1, "refused")).toBe("refused");
    expect(await hear(2, 1, "done")).toBe("refused");
    expect(await hear(3, 1, "done")).toBe("done");
    expect(times).toBe(2);
    // The first is stuck no more.
    expect(await hear(4, 4, "done")).toBe("done");
    expect(await hear(2, 1, "done")).toBe("old");
    expect(receiver.size).toBe(1);
  });
});
