import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Helm, helmArguments } from "../../../rehearsal/kubernetes/helm.ts";
import { Processes } from "../../../rehearsal/processes.ts";

const UPGRADE = {
  name: "engine-fleet",
  namespace: "sparki-engine",
  chart: "./apps/charts/engine",
  values: {},
  timeoutSeconds: 30,
};

describe("helmArguments", () => {
  it("waits unless the release says not to, and never puts a value on the command line", () => {
    const values = { password: "hunter2" };
    const args = helmArguments("upgrade", { ...UPGRADE, values, settings: {} }, "/run/values.json");
    expect(args).toContain("--wait");
    expect(args).toContain("--values=/run/values.json");
    expect(args.join(" ")).not.toContain("hunter2");
    expect(helmArguments("upgrade", { ...UPGRADE, settings: { skipAwait: true } }, "v")).not.toContain("--wait");
  });

  it("passes what makes a failed upgrade roll back by itself", () => {
    const settings = { atomic: true, cleanupOnFail: true, maxHistory: 10 };
    const args = helmArguments("upgrade", { ...UPGRADE, settings }, "v");
    expect(args).toEqual(
      expect.arrayContaining(["--atomic", "--cleanup-on-fail", "--history-max=10", "--timeout=30s"]),
    );
  });

  it("installs without what only an upgrade has", () => {
    const settings = { atomic: true, cleanupOnFail: true, maxHistory: 10, createNamespace: true };
    const args = helmArguments("install", { ...UPGRADE, settings }, "v");
    expect(args).toEqual(expect.arrayContaining(["install", "--atomic", "--create-namespace"]));
    expect(args.join(" ")).not.toMatch(/--install|--history-max|--cleanup-on-fail/);
    expect(helmArguments("upgrade", { ...UPGRADE, settings }, "v")).not.toContain("--create-namespace");
  });
});

describe("Helm.apply", () => {
  it.each(["feature%2Fx 100%", "a,b", "c# x", "what?x=1"])(
    "gives Helm values and chart in a folder named %s",
    async (name) => {
      const folder = join(mkdtempSync(join(tmpdir(), "sparki-helm-")), name);
      const processes = new Processes(join(folder, "run"));
      mkdirSync(join(folder, "apps", "charts", "engine"), { recursive: true });
      // Helm takes the value of --values for a list of URLs, and a chart's for a folder where there is one.
      const script = `for each in "$@"; do case "$each" in --values=*) cat "\${each#--values=}"; echo " \${each#--values=}";; esac; done; test -d "$3" && echo chart`;
      const helm = join(folder, "helm");
      writeFileSync(helm, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const own = new Helm({ helm, processes, projectDirectory: folder, kubeconfigFile: join(folder, "kubeconfig") });
      try {
        const values = { image: "x" };
        const { code, stdout } = await own.apply(
          "upgrade",
          { ...UPGRADE, values, settings: {} },
          new AbortController().signal,
        );
        expect({ code, stdout }).toEqual({ code: 0, stdout: '{"image":"x"} values-engine-fleet-1.json\nchart\n' });
        expect(readdirSync(join(folder, "run")).filter((file) => file.startsWith("values-"))).toEqual([]);
      } finally {
        await processes.stopAll(0.1);
        rmSync(dirname(folder), { recursive: true });
      }
    },
  );
});
