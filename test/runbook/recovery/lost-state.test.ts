import { writeFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { resourcesIn } from "../../../records/state.ts";
import {
  type LostStateOptions,
  type RebuildOptions,
  rebuildShown,
  rebuildState,
  rebuiltText,
} from "../../../runbook/recovery/lost-state.ts";
import { unreadIn } from "../../../runbook/recovery/state-edit.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { SECRET_SIGNATURE, SIGNATURE_KEY, UNKNOWN } from "../../../shared/engine-values.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { SUCCEEDED } from "../../support/planning.ts";
import { fakeAws, fakeState } from "../../support/preflight.ts";
import { fakeEngine } from "../../support/recovery.ts";

type Record_ = Readonly<Record<string, unknown>>;

interface Part {
  readonly type: string;
  readonly name: string;
  readonly custom?: boolean;
  readonly parent?: string;
  readonly provider?: string;
  readonly needs?: Readonly<Record<string, readonly string[]>>;
  readonly secrets?: readonly string[];
  /** What the program asks for, by the outputs that the state has. */
  readonly inputs?: (outputs: (name: string) => Record_) => Record_;
}

const urnOf = ({ type, name }: Pick<Part, "type" | "name">) => `urn:pulumi:prod::sparki::${type}::${name}`;
const ROLE = "aws:iam/role:Role";
const PASSWORD = "random:index/randomPassword:RandomPassword";
const VALUE = "aws:secretsmanager/secretVersion:SecretVersion";
const SUBNET = "aws:ec2/subnet:Subnet";
const CLUSTER = "aws:eks/cluster:Cluster";
const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const LINK = "aws:ec2/routeTableAssociation:RouteTableAssociation";
const OURS = { project: "sparki", stack: "prod" };
const TOKEN = "x".repeat(64);

const STACK: Part = { type: "pulumi:pulumi:Stack", name: "sparki-prod", custom: false };
const AWS: Part = { type: "pulumi:providers:aws", name: "aws", inputs: () => ({ region: "us-east-1" }) };
const COMPONENT: Part = { type: "sparki:infra:Network", name: "network", custom: false, parent: urnOf(STACK) };
const inAws = { provider: urnOf(AWS), parent: urnOf(COMPONENT) };
const subnet: Part = { ...inAws, type: SUBNET, name: "private" };
const table: Part = { ...inAws, type: "aws:ec2/routeTable:RouteTable", name: "private" };
const link: Part = {
  ...inAws,
  ...{ type: LINK, name: "private", needs: { subnetId: [urnOf(subnet)], routeTableId: [urnOf(table)] } },
  inputs: (outputs) => ({
    subnetId: outputs(urnOf(subnet)).id ?? UNKNOWN,
    routeTableId: outputs(urnOf(table)).id ?? UNKNOWN,
  }),
};
const command: Part = { type: "command:local:Command", name: "migrate", parent: urnOf(STACK) };

/** An engine on a program: its plan is of what the state lacks, and its refresh finds what the cloud has. */
function engineOn(
  program: readonly Part[],
  cloud: Readonly<Record<string, Record_>>,
  resources: readonly object[] = [],
) {
  const state = { version: 3, deployment: { manifest: {}, resources } };
  const engine = fakeEngine(state, Object.fromEntries(Object.entries(cloud).map(([id, each]) => [id, [each]])));
  let drafts = 0;
  const draft: LostStateOptions["engine"]["draft"] = async (file) => {
    drafts++;
    const known = new Map(resourcesIn(await engine.exportEncrypted()).map((each) => [each.urn, each]));
    const outputs = (urn: string) => known.get(urn)?.outputs ?? {};
    const plans = program.map((part) => {
      const { type, name, custom = true, parent, provider, needs = {}, secrets, inputs = () => ({}) } = part;
      const goal = {
        ...{ type, name, custom, inputDiff: { adds: inputs(outputs) }, propertyDependencies: needs },
        ...(parent && { parent }),
        ...(provider && { provider: `${provider}::${UNKNOWN}` }),
        ...(secrets && { additionalSecretOutputs: secrets }),
        dependencies: Object.values(needs).flat(),
      };
      return [urnOf(part), { goal, steps: [known.has(urnOf(part)) ? "same" : "create"] }];
    });
    await writeFile(file, JSON.stringify({ resourcePlans: Object.fromEntries(plans) }));
    return SUCCEEDED;
  };
  return Object.assign(engine, {
    draft,
    exportState: async () => JSON.parse(JSON.stringify(await engine.exportEncrypted())),
    drafts: () => drafts,
  });
}

/** AWS's list of tags, by the value of the tag `resource`. */
function awsWith(byOrigin: Readonly<Record<string, string>>): LostStateOptions["aws"] {
  return {
    find: async (name, args, schema) => {
      const { tagFilters = [], secretId } = args as {
        tagFilters?: { key: string; values: string[] }[];
        secretId?: string;
      };
      if (name !== "resourcegroupstaggingapi/getResources")
        return schema.parse({ versions: [{ versionId: `of-${secretId}` }] });
      const origin = tagFilters.find(({ key }) => key === "resource")?.values[0];
      const arns =
        origin === undefined ? Object.values(byOrigin) : [byOrigin[origin]].filter((arn) => arn !== undefined);
      return schema.parse({ resourceTagMappingLists: arns.map((resourceArn) => ({ resourceArn })) });
    },
  };
}

const NETWORK = awsWith({
  "ec2/subnet:private": "arn:aws:ec2:us-east-1:1:subnet/subnet-1",
  "ec2/routeTable:private": "arn:aws:ec2:us-east-1:1:route-table/rtb-1",
});
const CLOUD = {
  "subnet-1": { id: "subnet-1", tagsAll: OURS },
  "rtb-1": { id: "rtb-1", tagsAll: OURS },
  "subnet-1/rtb-1": { id: "assoc-1" },
};

function rebuild(engine: ReturnType<typeof engineOn>, aws: LostStateOptions["aws"] = NETWORK) {
  const { signal } = new AbortController();
  return rebuildState({ engine, aws, stack: "prod", clock: fakeClock(), timeScale: 1, signal, onProgress: () => {} });
}

const namesIn = async (engine: ReturnType<typeof engineOn>) =>
  resourcesIn(await engine.exportEncrypted()).map(
    ({ type, name = "", urn }: { type: string; name?: string; urn: string }) =>
      `${type.split(":").at(-1)} ${name || urn.split("::").at(-1)}`,
  );

describe("rebuildState", () => {
  it("finds by tag, and then what needs that, each behind what it needs, and counts what is made again", async () => {
    const engine = engineOn([command, link, subnet, table, COMPONENT, AWS, STACK], CLOUD);
    const rebuilt = await rebuild(engine);
    expect(rebuilt).toMatchObject({
      ...{ outcome: "rebuilt", exitCode: 0, resources: 4, before: 0, missing: [], changes: [], unclaimed: [] },
      remade: [{ name: "migrate", why: "each command checks what it has already done" }],
    });
    expect(rebuilt.imported.map(({ type }) => type).toSorted()).toEqual([LINK, table.type, SUBNET].toSorted());
    const order = await namesIn(engine);
    expect(order).toHaveLength(6);
    for (const [one, behind] of [
      ["Stack sparki-prod", "Network network"],
      ["aws aws", "Subnet private"],
      ["Network network", "Subnet private"],
      ["Subnet private", "RouteTableAssociation private"],
      ["RouteTable private", "RouteTableAssociation private"],
    ] as const)
      expect(order.indexOf(one)).toBeLessThan(order.indexOf(behind));
    const found = resourcesIn(await engine.exportEncrypted()).find(({ type }) => type === LINK);
    expect(found?.dependencies).toEqual([urnOf(subnet), urnOf(table)]);
    expect(found?.provider).toMatch(new RegExp(`^${urnOf(AWS)}::[0-9a-f-]{36}$`));
  });

  it("does nothing where the state has all, and says so", async () => {
    const engine = engineOn([link, subnet, table, COMPONENT, AWS, STACK], CLOUD);
    await rebuild(engine);
    const before = JSON.stringify(await engine.exportEncrypted());
    expect(await rebuild(engine)).toMatchObject({
      outcome: "unchanged",
      exitCode: 0,
      before: 3,
      imported: [],
      rounds: 1,
    });
    expect(JSON.stringify(await engine.exportEncrypted())).toBe(before);
  });

  it("continues where it was killed before what it found was read", async () => {
    const program = [link, subnet, table, COMPONENT, AWS, STACK];
    const engine = engineOn(program, CLOUD);
    const { importState } = engine;
    const killed = new Error("killed");
    engine.importState = async (state) => {
      await importState(state);
      throw killed;
    };
    await expect(rebuild(engine)).rejects.toBe(killed);
    expect(resourcesIn(await engine.exportEncrypted()).find(({ type }) => type === SUBNET)?.outputs).toEqual({});
    engine.importState = importState;
    const { draft } = engine;
    engine.draft = async (...asked) => {
      // As the engine does where a protected one of them would be replaced.
      if (unreadIn(await engine.exportEncrypted()).length > 0) throw new Error("unable to replace resource");
      return draft(...asked);
    };
    expect(await rebuild(engine)).toMatchObject({
      outcome: "rebuilt",
      before: 0,
      imported: [{ type: LINK }, { type: SUBNET }, { type: table.type }],
      missing: [],
    });
    expect(resourcesIn(await engine.exportEncrypted()).find(({ type }) => type === SUBNET)?.outputs).toEqual(
      CLOUD["subnet-1"],
    );
  });

  it("lists what is not there, and what has the stack's tags but is not the program's", async () => {
    const engine = engineOn([link, subnet, table, COMPONENT, AWS, STACK], { ...CLOUD, "rtb-1": CLOUD["rtb-1"] });
    const old = "arn:aws:ec2:us-east-1:1:vpc/vpc-old";
    const aws = awsWith({ "ec2/routeTable:private": "arn:aws:ec2:us-east-1:1:route-table/rtb-1", "ec2/vpc:old": old });
    const rebuilt = await rebuild(engine, aws);
    expect(rebuilt).toMatchObject({
      outcome: "differs",
      exitCode: 3,
      imported: [{ type: table.type }],
      unclaimed: [old],
    });
    expect(rebuilt.missing.map(({ type }) => type).toSorted()).toEqual([LINK, SUBNET].toSorted());
    const said = rebuiltText("prod", rebuilt, "npx sparki plan", plainScreen(new PassThrough()).paint);
    expect(said.replace(/\s+/g, " ")).toContain(`missing private (${SUBNET}): the next update creates it`);
    expect(said.replace(/\s+/g, " ")).toContain(`unclaimed ${old}: it has the stack's tags`);
  });

  const role: Part = { ...inAws, type: ROLE, name: "engine", inputs: () => ({ name: "sparki-prod-engine" }) };
  const attachment: Part = {
    ...inAws,
    ...{ type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", name: "engine", needs: { role: [urnOf(role)] } },
    inputs: () => ({ role: "sparki-prod-engine", policyArn: "arn:aws:iam::aws:policy/X" }),
  };

  it("leaves what another owner has tagged out of the state, and all that hangs on it", async () => {
    const cloud = {
      "sparki-prod-engine": { name: "sparki-prod-engine", tagsAll: { project: "sparki", stack: "other" } },
      "sparki-prod-engine/arn:aws:iam::aws:policy/X": { role: "sparki-prod-engine" },
    };
    const engine = engineOn([attachment, role, COMPONENT, AWS, STACK], cloud);
    expect(await rebuild(engine, awsWith({}))).toMatchObject({
      ...{ outcome: "differs", exitCode: 3, imported: [], missing: [{ type: attachment.type }] },
      foreign: [{ name: "engine", type: ROLE, id: "sparki-prod-engine" }],
    });
    expect(await namesIn(engine)).not.toContain("Role engine");
  });

  const nodes: Part = { ...inAws, type: ROLE, name: "nodes", inputs: () => ({ name: "nodes-0a1b2c3" }) };
  const cluster: Part = {
    ...inAws,
    ...{ type: CLUSTER, name: "cluster", needs: { computeConfig: [urnOf(nodes)] } },
    inputs: () => ({ name: "sparki-prod", computeConfig: { nodeRoleArn: UNKNOWN } }),
  };
  const clustered = (arn: string) => ({
    "sparki-prod": { endpoint: "https://x", tagsAll: OURS, computeConfig: { nodeRoleArn: arn } },
    "nodes-7777777": { name: "nodes-7777777", tagsAll: OURS },
  });

  it.each([
    ["is found by what was made of it", "arn:aws:iam::1:role/nodes-7777777", ["nodes-7777777"]],
    ["is not another one's that the cluster has", "arn:aws:iam::1:role/other-7777777", []],
  ])("a role whose name was made up %s", async (_case, arn, ids) => {
    const engine = engineOn([nodes, cluster, COMPONENT, AWS, STACK], clustered(arn));
    await rebuild(engine, awsWith({}));
    const roles = resourcesIn(await engine.exportEncrypted()).filter(({ type }) => type === ROLE);
    expect(roles.map(({ id }) => id)).toEqual(ids);
  });

  it("lets a provider wait until the preview knows its settings", async () => {
    const provider: Part = {
      ...{ type: "pulumi:providers:kubernetes", name: "kubernetes", needs: { kubeconfig: [urnOf(cluster)] } },
      inputs: (outputs) => ({ kubeconfig: outputs(urnOf(cluster)).endpoint ?? UNKNOWN }),
    };
    const web: Part = {
      ...{ type: CONFIG_MAP, name: "web", provider: urnOf(provider) },
      inputs: () => ({ metadata: { namespace: "web", name: "web" } }),
    };
    const cloud = { ...clustered("arn:aws:iam::1:role/nodes-7777777"), "web/web": { kind: "ConfigMap" } };
    const engine = engineOn([web, provider, nodes, cluster, COMPONENT, AWS, STACK], cloud);
    expect(await rebuild(engine, awsWith({}))).toMatchObject({ outcome: "rebuilt", missing: [] });
    const found = resourcesIn(await engine.exportEncrypted()).find(
      ({ type }) => type === "pulumi:providers:kubernetes",
    );
    expect(found?.inputs).toEqual({ kubeconfig: "https://x" });
  });

  const random: Part = { type: "pulumi:providers:random", name: "random" };
  const auth: Part = {
    ...{ type: PASSWORD, name: "auth", provider: urnOf(random), parent: urnOf(STACK), secrets: ["result"] },
    inputs: () => ({ length: 64, special: false }),
  };
  const secret: Part = { ...inAws, type: "aws:secretsmanager/secret:Secret", name: "cache" };
  const value: Part = {
    ...inAws,
    ...{ type: VALUE, name: "cache-value", secrets: ["secretString"] },
    needs: { secretId: [urnOf(secret)], secretString: [urnOf(auth)] },
    inputs: (outputs) => ({ secretId: outputs(urnOf(secret)).id ?? UNKNOWN, secretString: UNKNOWN }),
  };
  const sealed = (plain: unknown) => ({ [SIGNATURE_KEY]: SECRET_SIGNATURE, plaintext: JSON.stringify(plain) });
  const SECRETS = awsWith({ "secretsmanager/secret:cache": "arn:secret" });

  it.each([
    ["is read back out of its secret", { authToken: TOKEN }, true],
    ["of another length is none", { authToken: "short" }, false],
    ["is not guessed where a secret holds two", { authToken: TOKEN, password: TOKEN }, false],
    ["is not taken from another key", { username: TOKEN }, false],
  ])("a generated password %s", async (_case, held, isKnown) => {
    const cloud = {
      "arn:secret": { id: "arn:secret", tagsAll: OURS },
      "arn:secret|of-arn:secret": { secretString: sealed(JSON.stringify(held)) },
    };
    const engine = engineOn([value, auth, secret, random, COMPONENT, AWS, STACK], cloud);
    const rebuilt = await rebuild(engine, SECRETS);
    expect(rebuilt.remade).toEqual(
      isKnown ? [] : [{ name: "auth", type: PASSWORD, why: "no secret holds it any more" }],
    );
    const state = resourcesIn(await engine.exportEncrypted());
    const found = state.find(({ type }) => type === PASSWORD);
    expect(found?.outputs.result).toEqual(isKnown ? sealed(TOKEN) : undefined);
    // What reads the value must know that it is a secret: the preview did not know it.
    expect(state.find(({ type }) => type === VALUE)?.inputs.secretString).toEqual(sealed(""));
  });

  it("makes a secret of an input that a provider told in plain text", async () => {
    const bare = { urn: urnOf(value), type: VALUE, id: "v", custom: true, additionalSecretOutputs: ["secretString"] };
    const known = {
      ...bare,
      inputs: { secretString: "plain", secretId: "x" },
      outputs: { secretString: sealed("plain") },
    };
    const engine = engineOn([value], {}, [known]);
    await rebuild(engine, SECRETS);
    expect(resourcesIn(await engine.exportEncrypted())[0]?.inputs).toEqual({
      secretString: sealed("plain"),
      secretId: "x",
    });
  });

  it("throws what the preview says where the program cannot be previewed", async () => {
    const engine = engineOn([], {});
    engine.draft = async () => ({ ...SUCCEEDED, outcome: "failed", failure: "no credentials" });
    await expect(rebuild(engine)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "the program could not be previewed: no credentials",
      hint: "npx sparki preflight",
    });
  });
});

function optionsWith(changes: Partial<RebuildOptions> = {}) {
  const written = new PassThrough();
  const engine = fakeEngine({ version: 3, deployment: { manifest: {} } });
  const options: RebuildOptions = {
    stack: "prod",
    engine: {
      ...engine,
      exportState: async () => JSON.parse(JSON.stringify(await engine.exportEncrypted())),
      draft: async (file) => {
        await writeFile(file, JSON.stringify({ resourcePlans: {} }));
        return SUCCEEDED;
      },
    },
    context: {
      aws: fakeAws({ "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [] } }),
      state: fakeState([]),
    },
    screen: plainScreen(written),
    ports: { clock: fakeClock(), env: {}, signal: new AbortController().signal, stderr: openOutput(written) },
    agree: async () => {},
    ...changes,
  };
  return { options, engine, written };
}

describe("rebuildShown", () => {
  it("refuses while someone holds the stack, and asks nobody", async () => {
    const lock = { holder: "ada@laptop", since: undefined };
    const agree = jest.fn();
    const { options } = optionsWith({ agree });
    const state = { ...options.context.state, lock: async () => lock };
    await expect(rebuildShown({ ...options, context: { ...options.context, state } })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "ada@laptop holds stack prod; its state may still change",
      hint: expect.stringContaining("pulumi cancel --stack prod"),
    });
    expect(agree).not.toHaveBeenCalled();
  });

  it("changes nothing where a person does not agree", async () => {
    const refused = new Error("not confirmed");
    const { options, engine } = optionsWith({ agree: () => Promise.reject(refused) });
    const before = await engine.exportEncrypted();
    await expect(rebuildShown(options)).rejects.toBe(refused);
    expect(await engine.exportEncrypted()).toEqual(before);
  });

  it("tells what it found, and that nothing is left to do", async () => {
    const { options, written } = optionsWith();
    expect(await rebuildShown(options)).toMatchObject({
      exitCode: 0,
      json: { stack: "prod", outcome: "unchanged", resources: 0, imported: [], next: null },
    });
    written.end();
    expect(await text(written)).toContain("unchanged prod: the state has all that exists");
  });
});
