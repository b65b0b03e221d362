import { upgradeArguments } from "../../../rehearsal/kubernetes/helm.ts";

const UPGRADE = {
  name: "engine-fleet",
  namespace: "sparki-engine",
  chart: "./apps/charts/engine",
  values: {},
  timeoutSeconds: 30,
};

describe("upgradeArguments", () => {
  it("waits unless the release says not to, and never puts a value on the command line", () => {
    const values = { password: "hunter2" };
    const args = upgradeArguments({ ...UPGRADE, values, settings: {} }, "/run/values.json");
    expect(args).toContain("--wait");
    expect(args).toContain("--values=/run/values.json");
    expect(args.join(" ")).not.toContain("hunter2");
    expect(upgradeArguments({ ...UPGRADE, settings: { skipAwait: true } }, "v")).not.toContain("--wait");
  });

  it("passes what makes a failed upgrade go back by itself", () => {
    const settings = { atomic: true, cleanupOnFail: true, maxHistory: 10 };
    const args = upgradeArguments({ ...UPGRADE, settings }, "v");
    expect(args).toEqual(
      expect.arrayContaining(["--atomic", "--cleanup-on-fail", "--history-max=10", "--timeout=30s"]),
    );
  });
});
