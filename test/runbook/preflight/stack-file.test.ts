import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStack, refuseProject } from "../../../runbook/preflight/stack-file.ts";

const STAGING = readFileSync(join(import.meta.dirname, "../../../Pulumi.staging.yaml"), "utf8");

describe("readStack", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-stack-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const read = (text: string) => {
    writeFileSync(join(folder, "own.yaml"), text);
    return readStack("staging", { cwd: folder, env: { PULUMI_OPTION_CONFIG_FILE: "own.yaml" } });
  };

  it("reads a stack's config", () => {
    expect(read(STAGING)).toMatchObject({
      stack: "staging",
      config: { region: "us-east-1", accountId: "444455556666" },
    });
  });

  const readAs = (name: string) => {
    writeFileSync(join(folder, "own.yaml"), STAGING);
    return readStack(name, { cwd: folder, env: { PULUMI_OPTION_CONFIG_FILE: "own.yaml" } });
  };

  it.each(["staging", "my-org/staging", "my-org/sparki/staging", "organization/sparki/staging"])(
    "takes the stack %s as Pulumi does, and names by its last part",
    (fullName) => expect(readAs(fullName)).toMatchObject({ stack: "staging", fullName }),
  );

  it.each([
    "",
    "/staging",
    "my-org/",
    "my-org//staging",
    "a/sparki/b/staging",
    "../staging",
    "my-org/Staging",
    "a b/staging",
  ])("refuses %j as a stack's name", (name) =>
    expect(() => readAs(name)).toThrow(expect.objectContaining({ code: "SPARKI_USAGE" })),
  );

  it("refuses a stack of another project, and says which name is meant", () => {
    expect(() => readAs("my-org/shop/staging")).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", hint: "give --stack my-org/sparki/staging" }),
    );
  });

  it.each([
    ["is empty", ""],
    ["is no YAML", "config: {sparki:owner: [\n"],
    ["is a list", "- config\n"],
    ["has no config", "settings: {}\n"],
    ["has a config without a key", "config:\n"],
  ])("refuses a file that %s as a wrong config, and names it", (_, text) => {
    const message = expect.stringMatching(`^${join(folder, "own.yaml")} cannot be read as a stack's config: .`);
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "SPARKI_CONFIG", message }));
  });

  it("says of a file that is there and cannot be read why, and not that the stack has none", () => {
    mkdirSync(join(folder, "own.yaml"));
    const own = { cwd: folder, env: { PULUMI_OPTION_CONFIG_FILE: "own.yaml" } };
    expect(() => readStack("staging", own)).toThrow(
      expect.objectContaining({
        code: "SPARKI_CONFIG",
        message: expect.stringMatching(/^the config of stack staging cannot be read: .*EISDIR/),
        hint: `ls -l ${join(folder, "own.yaml")}; expected a file that this user may read`,
      }),
    );
  });

  it.each([
    ["a day as a release's id", "id: 2026.11.1", "id: 2026-11-01", "sparki:release.id"],
    ["an octal number", "replicas: 2", "replicas: 010", "replicas"],
    ["a yes", "multiZone: false", "multiZone: no", "sparki:database.multiZone"],
  ])("refuses %s that one reader of YAML takes for something else, by its path (W01)", (_, from, to, path) => {
    const changed = STAGING.replace(new RegExp(from.replace(/: .*/, ": \\S+?(?=[ ,}\n])")), to);
    expect(changed).not.toBe(STAGING);
    const refusal = { code: "SPARKI_CONFIG", message: expect.stringContaining(path) };
    expect(() => read(changed)).toThrow(expect.objectContaining(refusal));
  });

  it.each([
    [
      "a key without its namespace",
      (text: string) => text.replace("sparki:owner", "owner"),
      "owner is a key without its namespace; expected sparki:owner",
    ],
    [
      "a key of a namespace that nothing reads",
      (text: string) => text.replace("sparki:owner", "spraki:owner"),
      "spraki:owner is a key that nothing reads",
    ],
    [
      "a part that is JSON in quotes",
      (text: string) => text.replace(/sparki:web: .*/, `sparki:web: '{"replicas":2,"maxReplicas":6}'`),
      "sparki:web is a string that contains JSON; expected keys with values, or a list",
    ],
    [
      "a token in plain text",
      (text: string) => `${text}  sparki:slackToken: xoxb-1-abcdefgh\n`,
      "pulumi config set --secret --stack staging sparki:slackToken",
    ],
    [
      "a version without quotes",
      (text: string) => text.replace('version: "1.35"', "version: 1.30"),
      "cluster.version is 1.3; expected a Kubernetes minor version such as 1.33, in quotes",
    ],
  ])("refuses %s, and says how to correct it (W34, W40)", (_, change, message) => {
    expect(change(STAGING)).not.toBe(STAGING);
    const refusal = { code: "SPARKI_CONFIG", message: expect.stringContaining(message) };
    expect(() => read(change(STAGING))).toThrow(expect.objectContaining(refusal));
  });

  it.each([
    ["contains itself", "config: &all\n  sparki:owner: *all\n", "it is nested too deeply, or contains itself"],
    ["has a tag that nobody knows", "config:\n  sparki:owner: !secret platform\n", "Unresolved tag: !secret"],
    ["is of a YAML to come", "%YAML 9.9\n---\nconfig: {}\n", "Unsupported YAML version 9.9"],
    [
      "brings in values from elsewhere",
      "environment: [shared]\nconfig: {}\n",
      "it has the key environment, which nothing",
    ],
    ["has a setting in the wrong place", "sparki:owner: a\nconfig: {}\n", "it has the key sparki:owner, which nothing"],
  ])("refuses a file that %s", (_, text, reason) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ message: expect.stringContaining(reason) }));
  });

  it("takes a token that is encrypted", () => {
    expect(read(`${STAGING}  sparki:slackToken: { secure: v1:abc }\n`)).toMatchObject({ stack: "staging" });
  });

  it("refuses a file that is not UTF-8, by its line (W40)", () => {
    writeFileSync(join(folder, "own.yaml"), Buffer.from(`# one\n# caf\xe9\n${STAGING}`, "latin1"));
    const message = expect.stringContaining("own.yaml is not UTF-8 in line 2; expected a file in UTF-8");
    const refused = () => readStack("staging", { cwd: folder, env: { PULUMI_OPTION_CONFIG_FILE: "own.yaml" } });
    expect(refused).toThrow(expect.objectContaining({ code: "SPARKI_CONFIG", message }));
  });

  it("takes a day without quotes where a day is meant", () => {
    expect(read(STAGING.replaceAll(/until: "([\d-]+)"/g, "until: $1"))).toMatchObject({ stack: "staging" });
  });
});

describe("refuseProject", () => {
  const OWN = readFileSync(join(import.meta.dirname, "../../../Pulumi.yaml"), "utf8");
  const folder = mkdtempSync(join(tmpdir(), "sparki-project-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const judged = (text: string) => {
    writeFileSync(join(folder, "Pulumi.yaml"), text);
    return () => refuseProject(folder);
  };

  it("takes the project's own", () => expect(judged(OWN)).not.toThrow());

  it.each(["Pulumi.json", "Pulumi.yml"])("refuses %s beside it, which the engine would read in its place", (name) => {
    const judging = judged(OWN);
    writeFileSync(join(folder, name), "{}");
    try {
      expect(judging).toThrow(`${name} stands beside it`);
    } finally {
      rmSync(join(folder, name));
    }
  });

  it.each([
    ["a plugin of another folder", `${OWN}plugins: { providers: [{ name: aws, path: /tmp/evil }] }\n`, "plugins"],
    ["a package of another place", `${OWN}packages: { evil: "https://evil.example/x.git" }\n`, "packages"],
    ["values of its own", `${OWN}config: { "sparki:protection": { value: false } }\n`, "config"],
    ["another place for the state", `${OWN}backend: { url: "file:///tmp" }\n`, "backend"],
    ["another place for stacks' files", `${OWN}stackConfigDir: /tmp\n`, "stackConfigDir"],
    ["options of the engine", `${OWN}options: { refresh: always }\n`, "options"],
    ["two of them", `${OWN}options: {}\nplugins: {}\n`, "options, plugins is"],
    ["another language", OWN.replace("name: nodejs", "name: evil"), "runtime.name"],
    ["another program", OWN.replace("main: index.ts", "main: /tmp/evil.ts"), "main"],
    ["a module of another folder", OWN.replace("./io/lean-sdk.ts", "/tmp/evil.mjs"), "runtime.options.nodeargs"],
    ["a module above", OWN.replace("./io/lean-sdk.ts", "./io/../../evil.mjs"), "runtime.options.nodeargs"],
    ["code for Node", OWN.replace("--import", "--require"), "runtime.options.nodeargs"],
    ["another program for Node", OWN.replace("typescript: false", "binary: ./evil"), "runtime.options"],
    ["another project", OWN.replace("name: sparki", "name: shop"), "name"],
    ["nothing", "", "of itself is not"],
    ["no YAML", "name: [", ""],
    ["a name twice", `${OWN}main: index.ts\n`, "unique"],
  ])("refuses %s", (_, text, says) =>
    expect(judged(text)).toThrow(
      expect.objectContaining({ code: "SPARKI_CONFIG", message: expect.stringContaining(says) }),
    ),
  );
});
