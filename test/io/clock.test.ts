import { within } from "../../io/clock.ts";

describe("within", () => {
  it("refuses what takes longer, such as a kubeconfig's login that waits for a person (W113)", async () => {
    const never = new Promise<string>(() => undefined);
    await expect(within(never, 0.02, "the login did not answer")).rejects.toThrow(
      "the login did not answer within 0.02 s",
    );
    await expect(within(Promise.resolve("token"), 60, "")).resolves.toBe("token");
    await expect(within(Promise.reject(new Error("no program aws")), 60, "")).rejects.toThrow("no program aws");
  });
});
