import { messageOf } from "../../shared/deploy-error.ts";

const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9090"), { code: "ECONNREFUSED" });

describe("messageOf", () => {
  it.each<[string, unknown, string]>([
    ["an error's message", new Error("no"), "no"],
    ["a value that is no error as text", "no", "no"],
    [
      "who did not answer behind a failed fetch (W96)",
      new TypeError("fetch failed", { cause: refused }),
      `fetch failed: ${refused.message}`,
    ],
    [
      "every address that was tried",
      new AggregateError([refused, new Error("connect ECONNREFUSED ::1:9090")]),
      `${refused.message}; connect ECONNREFUSED ::1:9090`,
    ],
    ["a code where there is nothing else", Object.assign(new Error(""), { code: "EPIPE" }), "EPIPE"],
    ["something of an empty value", "", "no reason given"],
    ["a message that says enough, without its cause", new Error("no", { cause: refused }), "no"],
  ])("tells %s", (_, error, message) => {
    expect(messageOf(error)).toBe(message);
  });
});
