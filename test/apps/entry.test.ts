import { admitted } from "../../apps/entry.ts";

const refusal = Object.assign(new Error("HTTP-Code: 403"), { code: 403, body: "namespaces is forbidden" });

describe("admitted", () => {
  const waits: number[] = [];
  const wait = async (milliseconds: number) => {
    waits.push(milliseconds);
  };
  beforeEach(() => waits.splice(0));

  it("goes on as soon as the cluster lets in who deploys, and waits longer after each refusal", async () => {
    let asked = 0;
    const call = async () => {
      asked += 1;
      if (asked < 4) throw refusal;
    };
    await admitted(call, { limitSeconds: 300, wait });
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it("waits for nothing where who deploys is let in already", async () => {
    await admitted(async () => undefined, { limitSeconds: 300, wait });
    expect(waits).toEqual([]);
  });

  it("gives up after its limit with the API's own words, and says what to look at", async () => {
    const call = () => Promise.reject(refusal);
    await expect(admitted(call, { limitSeconds: 60, wait })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message:
        "the cluster refuses the deploying role, 60 s after its access entries were made: HTTP 403, namespaces is forbidden",
      hint: expect.stringContaining("sparki:cluster.administrators"),
    });
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeLessThan(75_000);
  });
});
