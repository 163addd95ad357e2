import { describe, expect, it } from "vitest";
import { parseClusterUrl } from "../../../src/client/connect/cluster-url.ts";

describe("a URL of a file system", () => {
  it("names cluster managers, a path and a token, which is not shown again", () => {
    expect(parseClusterUrl("3fs://a.example:9000,[::1]:9001/data/x")).toEqual({
      managers: [
        { kind: "tcp", host: "a.example", port: 9000 },
        { kind: "tcp", host: "::1", port: 9001 },
      ],
      token: undefined,
      path: "/data/x",
      url: "3fs://a.example:9000,[::1]:9001",
    });
    expect(parseClusterUrl("3fs://3fs-token-x%2Fy@h:1")).toMatchObject({
      token: "3fs-token-x/y",
      path: "/",
      url: "3fs://h:1",
    });
    expect(parseClusterUrl("3fs://ada:secret@h:1").token).toBe("secret");
  });

  it.each([
    "http://h:1",
    "3fs:/h:1",
    "3fs://",
    "3fs:///path",
    "3fs://h",
    "3fs://h:",
    "3fs://h:0",
    "3fs://h:65536",
    "3fs://h:1,",
    "3fs://::1:9000",
    "3fs://%zz@h:1",
    `3fs://${Array.from({ length: 65 }, () => "h:1").join(",")}`,
  ])("is refused when it makes no sense: %s", (text) => {
    expect(() => parseClusterUrl(text)).toThrow(
      expect.objectContaining({ code: "BAD_URL", kind: "invalid" }),
    );
  });

  it("is not repeated when it is wrong, as there may be a token in it", () => {
    try {
      parseClusterUrl("3fs://3fs-token-secret@nonsense");
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain("secret");
    }
  });
});
