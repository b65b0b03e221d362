import { settingsBeforeUpgrade } from "../../../runbook/rehearse/before-upgrade.ts";
import { rawConfig } from "../../support/stack-config.ts";

const at = (version: string) => {
  const raw = rawConfig("prod");
  return { ...raw, "sparki:cluster": JSON.stringify({ ...JSON.parse(raw["sparki:cluster"] ?? ""), version }) };
};

describe("settingsBeforeUpgrade", () => {
  it("is the minor version before, while AWS supports it", () => {
    expect(settingsBeforeUpgrade(at("1.35"), "prod", Date.parse("2026-12-02T12:00:00Z"))).toEqual([
      { key: ["sparki:cluster", "version"], value: "1.34" },
    ]);
  });

  it("has an exemption for days beside the stack's own, once AWS's standard support has ended", () => {
    const [version, exempt] = settingsBeforeUpgrade(at("1.35"), "prod", Date.parse("2026-12-03T12:00:00Z"));
    expect(version).toEqual({ key: ["sparki:cluster", "version"], value: "1.34" });
    expect(exempt?.key).toEqual(["sparki:exemptions"]);
    const own = JSON.parse(rawConfig("prod")["sparki:exemptions"] ?? "[]");
    expect(exempt?.value).toEqual([
      ...own,
      expect.objectContaining({ control: "S10", resource: "cluster-eks-eksCluster.version", until: "2026-12-05" }),
    ]);
  });

  it("refuses the oldest version there is, and names it", () => {
    expect(() => settingsBeforeUpgrade(at("1.31"), "prod", Date.now())).toThrow("expected one after 1.31");
  });
});
