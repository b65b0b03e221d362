import { receiversOf, type StoredRoute } from "../../rehearsal/storm-services.ts";

const matcher = (name: string, value: string, matchType = "=") => ({ name, value, matchType });
const route: StoredRoute = {
  receiver: "default",
  routes: [
    { receiver: "database", matchers: [matcher("component", "database")], continue: true },
    { receiver: "incidents", matchers: [matcher("severity", "page")] },
    { receiver: "platform", matchers: [matcher("severity", "page", "!=")] },
  ],
};
const told = (labels: Record<string, string>, stored = [route]) => receiversOf({ labels, endsAt: "" }, stored);

describe("receiversOf", () => {
  it.each([
    ["the first route that takes it", { severity: "page" }, ["incidents"]],
    ["what does not match, where a route asks for that", { severity: "ticket" }, ["platform"]],
    ["every route until one does not continue", { severity: "page", component: "database" }, ["database", "incidents"]],
  ])("tells %s", (_, labels, expected) => {
    expect(told(labels)).toEqual(expected);
  });

  it("tells a route's own receiver when none inside takes it, and Storm's when there is no route", () => {
    expect(told({}, [{ receiver: "default", routes: [] }])).toEqual(["default"]);
    expect(told({}, [])).toEqual(["storm"]);
  });
});
