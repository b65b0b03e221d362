import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isLike } from "../../aws/policy-document.ts";
import { META, statePathsOf } from "../../delivery/roles.ts";
import { secretsAliasOf } from "../../delivery/state.ts";
import { commandRunner } from "../../io/child-command.ts";
import { type EmptyProject, emptyProject } from "../support/empty-project.ts";
import { type KmsServer, serveKms } from "../support/kms-server.ts";
import { type S3Server, serveS3 } from "../support/s3-server.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(3_600_000);

const HOST = join(import.meta.dirname, "..", "..", "rehearsal", "language-host");
const SECRET = "recognisable";

/** Keeps a secret and a text, and tells what is in the bucket while the update runs. */
const PROGRAM = `import * as pulumi from "@pulumi/pulumi";
export default async function () {
  const config = new pulumi.Config("sparki");
  const secret = new pulumi.Stash("secret", { input: config.requireSecret("token") });
  new pulumi.Stash("text", { input: "a text" }, { dependsOn: secret });
  const list = process.env.LISTED;
  const seen = list === undefined || pulumi.runtime.isDryRun() ? "" : await (await fetch(list)).text();
  return { token: secret.output, seen: pulumi.output(seen.match(/(?<=<Key>)[^<]+/g) ?? []) };
}
`;

describe("a stack that moves from a folder to a bucket and back (docs/bootstrap.md)", () => {
  let s3: S3Server;
  let kms: KmsServer;
  let project: EmptyProject;
  const states: string[] = [];

  beforeAll(async () => {
    [s3, kms] = await Promise.all([serveS3(), serveKms()]);
    project = emptyProject(PROGRAM);
    mkdirSync(join(project.directory, "other"));
  });
  afterAll(async () => {
    project?.remove();
    await Promise.all([s3?.close(), kms?.close()]);
  });

  /** As a person runs it against that backend; rejects with what it said when it fails. */
  async function pulumi(backend: string, command: string, input = ""): Promise<string> {
    const environment = {
      ...project.environment,
      ...s3.environment,
      ...kms.environment,
      PATH: `${HOST}:${project.environment.PATH}`,
      PULUMI_BACKEND_URL: backend,
      ...(backend.startsWith("s3:") && { LISTED: listing() }),
    };
    const run = commandRunner(toolPath("pulumi"), environment);
    const args = [...command.split(" "), "--stack", "prod", "--non-interactive"];
    const { code, stdout, stderr } = await run(args, { cwd: project.directory, input });
    if (code !== 0) throw new Error(`pulumi ${command} on ${backend}: ${stdout}${stderr}`);
    return stdout;
  }
  const listing = () => `${new URL(s3.backendUrl).searchParams.get("endpoint")}/sparki-state?list-type=2`;
  const folder = (name: string) => `file://${project.directory}/${name}`;
  const changes = async (backend: string): Promise<unknown> =>
    JSON.parse(await pulumi(backend, "preview --json --expect-no-changes")).changeSummary;

  async function move(from: string, to: string): Promise<void> {
    const file = join(project.directory, `state-${states.length}.json`);
    await pulumi(from, `stack export --file ${file}`);
    states.push(readFileSync(file, "utf8"));
    await pulumi(to, "stack init");
    await pulumi(to, `stack import --file ${file}`);
  }

  it("shows no change in the next preview, in the bucket as in the folder that it rolls back to", async () => {
    const [home, bucket, back] = [folder("backend"), s3.backendUrl, folder("other")];
    await pulumi(home, "stack init");
    await pulumi(home, "config set --secret sparki:token", SECRET);
    await pulumi(home, "up --yes --skip-preview");
    await move(home, bucket);
    await pulumi(bucket, `stack change-secrets-provider awskms://alias/${secretsAliasOf("prod")}?region=us-east-1`);
    const seen = "seen";
    expect(await changes(bucket)).toEqual({ same: 3 });
    expect(kms.encryptedBy).toEqual([`alias/${secretsAliasOf("prod")}`]);
    await pulumi(bucket, "up --yes --skip-preview");
    const keys: string[] = JSON.parse(await pulumi(bucket, `stack output ${seen} --json`));
    expect(keys.filter((key) => key.includes("/locks/"))).toHaveLength(1);
    expect(keys.filter((key) => key !== META && !statePathsOf("prod").some((own) => isLike(key, own)))).toEqual([]);
    await pulumi(bucket, "stack change-secrets-provider passphrase");
    await move(bucket, back);
    expect(await changes(back)).toEqual({ same: 3 });
    expect(JSON.parse(await pulumi(back, "stack output token --show-secrets --json"))).toBe(SECRET);
    for (const state of states) expect(state).not.toContain(SECRET);
  });
});
