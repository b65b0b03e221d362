import { DependencyError, dependencyIn } from "../../../rehearsal/app/dependency.ts";

describe("dependencyIn", () => {
  it("names the server that was away, with the connection's own words", () => {
    const error = new DependencyError("cache", new Error("connect ECONNREFUSED 127.20.2.1:6379"));
    expect(error.message).toBe("connect ECONNREFUSED 127.20.2.1:6379");
    expect(dependencyIn(error)).toEqual({ dependency: "cache" });
  });

  it("is silent about the application's own failures", () => {
    expect(dependencyIn(new Error("internal error"))).toEqual({});
  });
});
