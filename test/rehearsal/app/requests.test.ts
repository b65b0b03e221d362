import { parsePortMap } from "../../../rehearsal/app/e2e.ts";

describe("parsePortMap", () => {
  it("maps the public ports to those that listen", () => {
    expect([...parsePortMap("443:8443,80:8080")]).toEqual([
      [443, 8443],
      [80, 8080],
    ]);
    expect(parsePortMap("").size).toBe(0);
  });

  it.each(["443", "a:b", "443:"])("refuses %s", (text) => {
    expect(() => parsePortMap(text)).toThrow(/expected PORT:PORT/);
  });
});
