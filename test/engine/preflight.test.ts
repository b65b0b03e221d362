import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import type { PreflightReport } from "../../runbook/preflight/check.ts";
import { headersOf } from "../support/asking.ts";
import { leakedIn, secretsOf } from "../support/secrets.ts";
import { makeRuns, type Runs, type SparkiRun, sparki } from "../support/sparki.ts";
import { Terminal } from "../support/terminal.ts";

jest.setTimeout(3_600_000);

const SPARKI = join(import.meta.dirname, "..", "..", "runbook", "sparki.ts");
const CONFIRMED = "--on-call-confirmed --window-announced";
/** What nobody can look at off the cloud, or is not configured. */
const NEVER = ["aws-cli", "ci-green", "code-merged", "feature-flags", "image-signatures"];

/** A cloud before a first deployment, then one with a promoted release that is broken; each test continues from the one before. */
describe("sparki preflight", () => {
  let runs: Runs;
  let serving: Promise<SparkiRun>;
  let end: () => void;
  let terminal: Terminal;
  let last: PreflightReport;
  let drilled: string;

  const serve = async (...options: string[]) => {
    runs = makeRuns();
    const args = ["cloud", "--stack", "staging", "--time-scale", "0.002", ...options];
    const printed = await new Promise<string>((resolve, reject) => {
      serving = sparki(args, runs, ({ stdout }, child) => {
        end = () => child.kill("SIGINT");
        if (stdout.includes("is ready")) resolve(stdout);
      });
      serving.then(({ stderr }) => reject(new Error(stderr)), reject);
    });
    terminal = new Terminal(`${printed}\nexport SPARKI_SLACK_WEBHOOK=$SPARKI_REGISTRY/slack`, {});
  };
  const close = async () => {
    end();
    await serving;
    runs.remove();
  };

  /** Runs the command as a person does; resolves with its exit code. */
  const preflight = async (flags = CONFIRMED) => {
    const { exitCode, stdout } = await terminal.run(`node ${SPARKI} preflight --stack staging --json ${flags}`);
    last = JSON.parse(stdout);
    return exitCode;
  };
  const ids = (status: string) => last.checks.filter((check) => check.status === status).map(({ id }) => id);
  const found = (id: string) => last.checks.find((check) => check.id === id);
  const value = async (name: string) => (await terminal.ask(`printf %s "$${name}"`)).trim();
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${await value("SPARKI_REGISTRY")}${path}`, {
      method: "POST",
      headers: headersOf(await value("SPARKI_REHEARSAL_ACCESS")),
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  };

  describe("before a first deployment", () => {
    beforeAll(() => serve());
    afterAll(close);

    it("passes before a first deployment, and skips what does not exist yet", async () => {
      expect(await preflight()).toBe(0);
      expect(last).toMatchObject({ outcome: "passed", stack: "staging" });
      expect({ failed: ids("fail"), warned: ids("warn") }).toEqual({ failed: [], warned: [] });
      const absent = ["tls-certificate", "dns-zone", "dns-name"];
      const database = ["database-backup", "restore-test", "database-version", "database-authority", "cache-version"];
      const later = ["state-clean", "cluster-exists", ...database, "cache-restore-test"];
      const live = ["entrance", "helm-releases", "rollback-images"];
      const watched = ["secrets", "prometheus-targets", "dashboards"];
      expect(ids("skipped").sort()).toEqual([...absent, ...later, ...live, ...watched, ...NEVER].sort());
    });

    it("takes at most the time of its slowest check and 2 s", () => {
      expect(last.seconds).toBeLessThanOrEqual(Math.max(...last.checks.map(({ seconds }) => seconds)) + 2);
    });

    it("fails where nobody confirms what only people know", async () => {
      expect(await preflight("")).toBe(1);
      expect(ids("fail")).toEqual(["on-call", "maintenance-window"]);
    });

    it("tells no secret of what there is then", () => {
      const read = (file: string) => readFileSync(join(runs.directory, "staging", file), "utf8");
      const secrets = {
        passphrase: read("passphrase").trim(),
        "authority's key": read("ca-key.pem").split("\n")[1] ?? "",
      };
      expect(Object.values(secrets).filter((secret) => secret.length < 16)).toEqual([]);
      expect(leakedIn(terminal.written.join("\n"), secrets)).toEqual([]);
    });
  });

  describe("over a promoted release", () => {
    beforeAll(() => serve("--on-promoted"));
    afterAll(close);

    it("drills the restore of its database first, as it stands after migrations and seed", async () => {
      const { exitCode, stdout, stderr } = await terminal.run(
        `node ${SPARKI} drill restore --stack staging --yes --json`,
      );
      const { outcome, failure, removed, record, checks } = JSON.parse(stdout);
      expect({ exitCode, outcome, failure, removed }).toEqual({
        ...{ exitCode: 0, outcome: "passed", failure: null, removed: true },
      });
      expect(checks.map(({ name, found }: { name: string; found: string }) => [name, found])).toEqual([
        ["schema level", "3"],
        ["projects", "3"],
        ["detections", "0"],
        ["newest project", expect.stringContaining("h old")],
      ]);
      expect(stderr.replaceAll(/\s+/g, " ")).toContain("It costs nothing in a rehearsal.");
      drilled = record.snapshot;
    });

    it("tries an upgrade on a copy, and refuses a version that RDS does not upgrade to before it makes one", async () => {
      const drill = (version: string) =>
        terminal.run(`node ${SPARKI} drill restore --stack staging --yes --json --upgrade-to ${version}`);
      const refused = await drill("16.4");
      expect(refused.exitCode).toBe(2);
      expect(JSON.parse(refused.stdout).error.message).toMatch(
        /^--upgrade-to is 16.4, and the database has PostgreSQL 17.6; expected one of 17.*18.1/,
      );
      const { exitCode, stdout } = await drill("18.1");
      const { outcome, failure, removed, record, upgrade } = JSON.parse(stdout);
      expect({ exitCode, outcome, failure, removed }).toEqual({
        ...{ exitCode: 0, outcome: "passed", failure: null, removed: true },
      });
      expect(upgrade).toMatchObject({ from: "17.6", to: "18.1", outcome: "upgraded", obstacles: [], unmeasured: null });
      // The model's ten minutes take 1.2 s.
      expect(upgrade.outageSeconds).toBeGreaterThan(1.1);
      expect(record.upgrade).toMatchObject({ to: "18.1", outageSeconds: Math.ceil(upgrade.outageSeconds) });
      drilled = record.snapshot;
    });

    it("drills the restore of its cache", async () => {
      const drill = `node ${SPARKI} drill restore cache --stack staging --yes --json`;
      const { exitCode, stdout } = await terminal.run(drill);
      const { of, outcome, failure, removed, record, checks } = JSON.parse(stdout);
      expect({ exitCode, of, outcome, failure, removed }).toEqual({
        ...{ exitCode: 0, of: "cache", outcome: "passed", failure: null, removed: true },
      });
      expect(checks).toMatchObject([{ name: "lasting keys", kind: "keys", passed: true }]);
      expect(record.snapshot).toMatch(/^automatic\.sparki-staging-cache-/);
    });

    it("passes over what is deployed, and skips only what cannot be checked here", async () => {
      expect(await preflight()).toBe(0);
      expect(found("restore-test")?.reason).toMatch(/^sparki drill restore, run by .* restored /);
      expect(found("restore-test")?.reason).toContain(drilled);
      expect(last.checks.filter(({ status }) => status === "fail" || status === "warn")).toEqual([]);
      expect(ids("skipped").sort()).toEqual(NEVER);
    });

    it("finds an image that is gone, a stuck Helm release, a held lock and a dead Prometheus at once", async () => {
      const images = JSON.parse(await terminal.ask("pulumi stack output promotion --json")).release.images;
      await post("/images/remove", { ref: images.web });
      await post("/faults", { down: ["metrics"] });
      await leavePending("web-fleet", "sparki-web");
      await leaveLock();
      expect(await preflight()).toBe(1);
      const broken = [
        "helm-releases",
        "image-pull",
        "images",
        "prometheus",
        "prometheus-targets",
        "rollback-images",
        "state-free",
      ];
      expect(ids("fail").sort()).toEqual(broken);
      expect(found("images")?.reason).toContain(`not in the registry: ${images.web}`);
      expect(found("helm-releases")).toMatchObject({
        reason: expect.stringMatching(/^web-fleet in sparki-web is pending-upgrade at revision \d+$/),
        fix: "helm uninstall web-fleet --namespace sparki-web",
      });
      expect(found("state-free")?.reason).toBe(
        "the state is locked by ann@desk (process 7) since 2026-11-23T10:00:00Z",
      );
      expect(found("prometheus")?.reason).toMatch(/could not check: .*ECONNREFUSED/);
    });

    it("tells no secret", () => {
      expect(leakedIn(terminal.written.join("\n"), secretsOf(join(runs.directory, "staging")))).toEqual([]);
    });
  });

  /** As a helm that was killed in the middle of an upgrade leaves its newest revision. */
  async function leavePending(release: string, namespace: string): Promise<void> {
    const { clusters, users } = parse(readFileSync(await value("KUBECONFIG"), "utf8"));
    const { server, "certificate-authority-data": authority } = clusters[0].cluster;
    const certificateAuthorityPem = Buffer.from(authority, "base64").toString();
    const api = new KubernetesApi({ endpoint: server, certificateAuthorityPem, token: users[0].user.token });
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const { items } = await api.list<{ metadata: { name: string } }>(path, {
      labelSelector: `owner=helm,name=${release}`,
    });
    const newest = items.at(-1)?.metadata.name;
    await api.patch(`${path}/${newest}`, "merge-patch", { metadata: { labels: { status: "pending-upgrade" } } });
    await api.close();
  }

  /** As a pulumi on another machine holds the stack. */
  async function leaveLock(): Promise<void> {
    const backend = fileURLToPath(await value("PULUMI_BACKEND_URL"));
    const folder = join(backend, ".pulumi/locks/organization/sparki/staging");
    mkdirSync(folder, { recursive: true });
    const holder = { pid: 7, username: "ann", hostname: "desk", timestamp: "2026-11-23T10:00:00Z" };
    writeFileSync(join(folder, "1.json"), JSON.stringify(holder));
  }
});
