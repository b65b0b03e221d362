import { coded, messageOf } from "../../shared/deploy-error.ts";

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

describe("coded", () => {
  const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

  // https://github.com/nodejs/node/issues/54359, https://github.com/nodejs/undici/issues/2777
  it("says what failed at each address of a name where the connection's own failure says nothing but its code", () => {
    const tried = [
      failure("ETIMEDOUT", "connect ETIMEDOUT 192.0.2.1:443"),
      failure("ENETUNREACH", "connect ENETUNREACH 2001:db8::1:443 - Local (:::0)"),
    ];
    expect(coded(Object.assign(new AggregateError(tried), { code: "ETIMEDOUT" }))).toBe(
      "connect ETIMEDOUT 192.0.2.1:443; connect ENETUNREACH 2001:db8::1:443 - Local (:::0)",
    );
  });

  it.each([
    [failure("ECONNREFUSED", "connect ECONNREFUSED 192.0.2.1:443"), "connect ECONNREFUSED 192.0.2.1:443"],
    [failure("UND_ERR_SOCKET", "other side closed"), "UND_ERR_SOCKET: other side closed"],
    [failure("ECONNRESET", ""), "ECONNRESET"],
    [new Error("no code"), "no code"],
    ["a text", "a text"],
    [{ code: "E", message: "of another realm" }, "E: of another realm"],
  ])("has the code in it once: %j", (error, text) => {
    expect(coded(error)).toBe(text);
  });
});
