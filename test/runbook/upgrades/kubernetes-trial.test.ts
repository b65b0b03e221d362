import { PassThrough } from "node:stream";
import type { CommandRunner } from "../../../io/child-command.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import {
  askAll,
  kubernetesTrial,
  kubernetesTrialText,
  namespacesOf,
  type ServerAnswer,
  trialObjects,
  verdictOf,
} from "../../../runbook/upgrades/kubernetes-trial.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeCluster, fakeContext, fakeState, realFiles } from "../../support/preflight.ts";

const { paint } = plainScreen(new PassThrough());
const { signal } = new AbortController();

const budget = (apiVersion: string) => ({
  apiVersion,
  kind: "PodDisruptionBudget",
  metadata: { name: "fleet", namespace: "sparki-engine" },
});
const accepted = (...warnings: string[]): ServerAnswer => ({ status: 200, reason: "", message: "", warnings });
const refused = (status: number, reason: string, message: string): ServerAnswer => {
  return { status, reason, message, warnings: [] };
};

describe("verdictOf", () => {
  it("takes what the server takes, with its warnings", () => {
    expect(verdictOf(budget("policy/v1"), "apps/charts", "1.36", accepted("soon gone"))).toEqual({
      object: "PodDisruptionBudget sparki-engine/fleet",
      origin: "apps/charts",
      api: "policy/v1 PodDisruptionBudget",
      warnings: ["soon gone"],
    });
  });

  it.each<[string, object, ServerAnswer | undefined, string]>([
    [
      "an API that was removed, with what replaces it",
      budget("policy/v1beta1"),
      undefined,
      "policy/v1beta1 PodDisruptionBudget was removed in Kubernetes 1.25; policy/v1 PodDisruptionBudget replaces it",
    ],
    [
      "a custom resource without a definition",
      { ...budget("example.com/v1"), kind: "Widget" },
      undefined,
      "example.com/v1 Widget is a custom resource that no definition in this repository describes",
    ],
    [
      "an API that the server knows and does not serve",
      { apiVersion: "admissionregistration.k8s.io/v1beta1", kind: "MutatingAdmissionPolicy", metadata: { name: "x" } },
      undefined,
      "Kubernetes 1.36 does not serve admissionregistration.k8s.io/v1beta1 MutatingAdmissionPolicy, unless it is switched on",
    ],
    [
      "a field that server-side apply does not know",
      budget("policy/v1"),
      refused(
        500,
        "",
        "failed to create typed patch object (a/b; policy/v1, Kind=X): .spec.more: field not declared in schema",
      ),
      "policy/v1 PodDisruptionBudget has no field .spec.more",
    ],
    [
      "fields that strict decoding does not know",
      budget("policy/v1"),
      refused(400, "BadRequest", 'strict decoding error: unknown field "spec.one", unknown field "spec.two"'),
      "policy/v1 PodDisruptionBudget has no field .spec.one, .spec.two",
    ],
    [
      "a value that is not valid",
      budget("policy/v1"),
      refused(422, "Invalid", 'PodDisruptionBudget.policy "fleet" is invalid: spec.minAvailable: Invalid value: -1'),
      "a value is not valid: spec.minAvailable: Invalid value: -1",
    ],
    [
      "what admission forbids",
      budget("policy/v1"),
      refused(403, "Forbidden", 'pods "fleet" is forbidden: violates PodSecurity "restricted:latest": host namespaces'),
      'an admission rule forbids it: violates PodSecurity "restricted:latest": host namespaces',
    ],
    ["any other refusal in the server's words", budget("policy/v1"), refused(409, "Conflict", "no"), "no"],
  ])("refuses %s", (_, object, answer, reason) => {
    expect(verdictOf({ ...object }, "installed", "1.36", answer)).toMatchObject({
      refused: reason,
      origin: "installed",
    });
  });

  it.each([401, 429, 500, 503])("gives none where the server does not judge (%i): that is not a refusal", (status) => {
    const judge = () => verdictOf(budget("policy/v1"), "apps/charts", "1.36", refused(status, "", "not now"));
    expect(judge).toThrow(DeployError);
    expect(judge).toThrow("does not judge PodDisruptionBudget sparki-engine/fleet: not now");
  });
});

const manifest =
  "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: fleet, namespace: elsewhere}\n";

describe("trialObjects", () => {
  /** What Helm is asked, by the version of Kubernetes; it renders one object of each chart. */
  const rendering = (asked: string[], code = 0): CommandRunner => {
    return async (args) => {
      asked.push(args[args.indexOf("--kube-version") + 1] ?? "");
      return { code, stdout: "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n", stderr: "" };
    };
  };
  const contextWith = (helm: CommandRunner, parts: Parameters<typeof fakeContext>[0] = {}) =>
    fakeContext({ files: realFiles, commands: { aws: helm, helm, git: helm }, ...parts });
  const stored = { name: "engine-fleet", namespace: "sparki-engine", revision: 3, status: "deployed", values: {} };

  it("renders each chart for the version that is asked for, not for the config's", async () => {
    const asked: string[] = [];
    const found = await trialObjects(contextWith(rendering(asked)), "1.36", signal);
    expect(new Set(asked)).toEqual(new Set(["1.36.0"]));
    expect(found.charts).toEqual(["engine-one-box", "engine-fleet", "web-one-box", "web-fleet"]);
    expect(found.objects).toHaveLength(4);
    expect(found.objects[0]).toMatchObject({
      origin: "apps/charts",
      object: { metadata: { namespace: "sparki-engine" } },
    });
  });

  it("says what is left out where there was no release and is no cluster", async () => {
    const { leftOut } = await trialObjects(contextWith(rendering([])), "1.36", signal);
    expect(leftOut).toEqual([
      { what: "the monitoring chart", why: "no earlier release has values for it" },
      { what: "what is installed", why: "there is no cluster" },
    ]);
  });

  it("says so too where no account answers, with the first line of why", async () => {
    const fails = async () => {
      throw new DeployError("SPARKI_OUTSIDE", "no credentials\nmore of it");
    };
    const cluster = fakeCluster({ installed: fails });
    const state = { ...fakeState([]), read: fails };
    const { leftOut, objects } = await trialObjects(contextWith(rendering([]), { cluster, state }), "1.36", signal);
    expect(leftOut.map(({ why }) => why)).toEqual(["no credentials", "no credentials"]);
    expect(objects).toHaveLength(4);
  });

  it("adds what Helm keeps of the releases that run, each in its namespace", async () => {
    const chart = { metadata: {}, values: {}, files: {} };
    const cluster = fakeCluster({ installed: async () => [{ ...stored, chart, manifest }] });
    const found = await trialObjects(contextWith(rendering([]), { cluster }), "1.36", signal);
    expect(found.objects.at(-1)).toMatchObject({ origin: "installed", object: { kind: "PodDisruptionBudget" } });
    expect(found.leftOut.map(({ what }) => what)).toEqual(["the monitoring chart"]);
    expect(namespacesOf(found)).toEqual(expect.arrayContaining(["sparki-engine", "sparki-monitoring", "elsewhere"]));
  });

  it("names a chart that does not render", async () => {
    const found = await trialObjects(contextWith(rendering([], 1)), "1.36", signal);
    expect(found).toMatchObject({ charts: [], objects: [] });
    expect(found.unrendered).toHaveLength(4);
  });

  it("ends with the interruption and not with something left out", async () => {
    const controller = new AbortController();
    const cluster = fakeCluster({ installed: () => new Promise(() => {}) });
    const looking = trialObjects(contextWith(rendering([]), { cluster }), "1.36", controller.signal);
    const reason = new Error("interrupted");
    controller.abort(reason);
    await expect(looking).rejects.toBe(reason);
  });
});

describe("the trial of a version", () => {
  const objects = [
    { object: budget("policy/v1"), origin: "apps/charts" as const },
    { object: budget("policy/v1beta1"), origin: "installed" as const },
  ];
  const facts = {
    ...{ stack: "prod", kubernetes: "1.36", configured: "1.35", server: "1.36.3" },
    ...{ charts: ["engine-fleet"], unrendered: [], leftOut: [] },
  };
  const answers = async ({ apiVersion }: { readonly apiVersion?: unknown }) =>
    apiVersion === "policy/v1" ? accepted("soon gone") : undefined;

  it("asks about every object, in order, and counts", async () => {
    const counts: number[] = [];
    const verdicts = await askAll({ objects }, "1.36", answers, (count) => counts.push(count));
    expect(verdicts.map(({ api, refused }) => [api, refused === undefined])).toEqual([
      ["policy/v1 PodDisruptionBudget", true],
      ["policy/v1beta1 PodDisruptionBudget", false],
    ]);
    expect(counts).toEqual([1, 2]);
  });

  it("ends with 1 where one is refused, and tells where it is from, why, and what to do", async () => {
    const trial = kubernetesTrial({ ...facts, verdicts: await askAll({ objects }, "1.36", answers) });
    expect(trial).toMatchObject({ exitCode: 1, accepted: 1 });
    expect(trial.refused.map(({ object, origin }) => [object, origin])).toEqual([
      ["PodDisruptionBudget sparki-engine/fleet", "installed"],
    ]);
    expect(trial.warnings).toEqual([expect.objectContaining({ origin: "apps/charts", warnings: ["soon gone"] })]);
    const text = kubernetesTrialText(trial, paint).replace(/\s+/g, " ");
    expect(text).toContain("prod on Kubernetes 1.36, asked of the API server 1.36.3");
    expect(text).toContain("✗ PodDisruptionBudget sparki-engine/fleet (installed): policy/v1beta1");
    expect(text).toContain("! PodDisruptionBudget sparki-engine/fleet (apps/charts): soon gone");
    expect(text).toContain("It refuses 1 of 2 objects, of the charts engine-fleet and of what is installed.");
    expect(text).toContain("→ change apps/charts");
  });

  it("ends with 0 where all are taken, and never calls whole what is not", async () => {
    const verdicts = await askAll({ objects: objects.slice(0, 1) }, "1.36", answers);
    const leftOut = [{ what: "what is installed", why: "there is no cluster" }];
    const trial = kubernetesTrial({ ...facts, leftOut, verdicts });
    expect(trial).toMatchObject({ exitCode: 0, accepted: 1, refused: [], leftOut });
    const text = kubernetesTrialText(trial, paint).replace(/\s+/g, " ");
    expect(text).toContain("It takes all 1 objects, of the charts engine-fleet.");
    expect(text).toContain("Not asked about: what is installed. There is no cluster.");
    expect(text).toContain("→ EKS did not offer Kubernetes 1.36 on");
    const offered = kubernetesTrialText({ ...trial, kubernetes: "1.35", configured: "1.34" }, paint);
    expect(offered.replace(/\s+/g, " ")).toContain("set sparki:cluster.version in Pulumi.prod.yaml");
    expect(kubernetesTrialText({ ...trial, kubernetes: "1.35" }, paint)).not.toContain("→");
  });

  it("ends with 3 where a chart does not render: what it would be made of is not known", () => {
    const trial = kubernetesTrial({ ...facts, unrendered: ["web-fleet"], verdicts: [] });
    expect(trial.exitCode).toBe(3);
    const text = kubernetesTrialText(trial, paint).replace(/\s+/g, " ");
    expect(text).toContain("web-fleet does not render for Kubernetes 1.36");
    expect(text).toContain("npx sparki preflight --stack prod");
  });
});
