import fc from "fast-check";
import { actionFor, matches } from "../../../rehearsal/backing/balancer.ts";
import type { ListenerRule } from "../../../rehearsal/services.ts";

const to = (arn: string): ListenerRule["action"] => ({ type: "forward", targets: [{ arn, weight: 1 }] });

describe("matches", () => {
  it.each([
    ["/api/*", "/api/projects", true],
    ["/api/*", "/api", false],
    ["/a?c", "/abc", true],
    ["/a?c", "/ac", false],
    ["*.example", "www.example", true],
    ["*.example", "wwwxexample", false],
    ["/a+(b)", "/a+(b)", true],
    ["*", "", true],
  ])("says of %s and %s: %s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it("takes every text without wildcards literally", () => {
    const plain = fc.string().filter((text) => !/[*?]/.test(text));
    fc.assert(
      fc.property(plain, plain, (pattern, text) => {
        expect(matches(pattern, text)).toBe(pattern === text);
      }),
    );
  });
});

describe("actionFor", () => {
  const track = (value: string) => [{ name: "X-Sparki-Track", values: [value] }];
  const rules: ListenerRule[] = [
    { conditions: { pathPatterns: ["/api/*", "/health"], headers: track("one-box") }, action: to("engine-one-box") },
    { conditions: { headers: track("one-box") }, action: to("web-one-box") },
    { conditions: { pathPatterns: ["/api/*", "/health"] }, action: to("engine-fleet") },
    { conditions: { hosts: ["old.example", "*.old.example"] }, action: to("old") },
    { conditions: {}, action: to("web-fleet") },
  ];

  it.each([
    ["/api/projects", {}, "engine-fleet"],
    ["/api/projects", { "x-sparki-track": "one-box" }, "engine-one-box"],
    ["/health", { "x-sparki-track": "ONE-BOX" }, "engine-one-box"],
    ["/", { "x-sparki-track": "one-box" }, "web-one-box"],
    ["/", { "x-sparki-track": "fleet" }, "web-fleet"],
    ["/API/projects", {}, "web-fleet"],
    ["/", { host: "A.OLD.example:8443" }, "old"],
    ["/", { host: "old.example.org" }, "web-fleet"],
  ])("sends %s with %j to %s", (path, headers, expected) => {
    expect(actionFor(rules, { path, headers })).toEqual(to(expected));
  });

  it("has no action where no rule holds", () => {
    expect(actionFor(rules.slice(0, 1), { path: "/", headers: {} })).toBeUndefined();
  });
});
