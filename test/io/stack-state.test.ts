import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandRunner } from "../../io/child-command.ts";
import { openStackState } from "../../io/stack-state.ts";
import { fakeAws } from "../support/preflight.ts";

/** A Pulumi CLI that answers by its arguments; one that is not given ends with the exit code. */
function cli(answers: Readonly<Record<string, unknown>>, code = 255): CommandRunner {
  return async (args) => {
    const answer = answers[args.filter((word) => word !== "--non-interactive").join(" ")];
    if (answer === undefined) return { code, stdout: "", stderr: "error: no answer\n" };
    return { code: 0, stdout: JSON.stringify(answer), stderr: "" };
  };
}

const open = (run: CommandRunner, cwd = "/", looks = {}) => openStackState(run, cwd, "prod", fakeAws(looks));
const exported = (deployment: object) => cli({ "stack export --stack prod": { version: 3, deployment } });
const vpc = {
  urn: "urn:pulumi:prod::sparki::aws:ec2/vpc:Vpc::vpc",
  type: "aws:ec2/vpc:Vpc",
  custom: true,
  id: "vpc-1",
};

describe("read", () => {
  it("gives the resources and the operations that nobody knows the end of", async () => {
    const pending = [{ type: "creating", resource: { urn: "urn:x" } }];
    const state = await open(exported({ resources: [vpc], pending_operations: pending })).read();
    expect(state.resources[0]).toMatchObject({ id: "vpc-1" });
    expect(state.pending).toEqual([{ operation: "creating", urn: "urn:x" }]);
  });

  it("gives nothing for a stack that the backend does not have", async () => {
    expect(await open(cli({}, 6)).read()).toEqual({ resources: [], pending: [] });
  });

  it.each([{ version: 3 }, { version: 3, deployment: null }])(
    "gives nothing for a stack that was never updated, as the backend has it: %j",
    async (answer) => {
      expect(await open(cli({ "stack export --stack prod": answer })).read()).toEqual({ resources: [], pending: [] });
    },
  );

  it.each([{}, [], { version: 3, deployment: { resources: [{ urn: 7 }] } }, { version: 3, deployment: "gone" }])(
    "says of %j that it is no state, and what to look at",
    async (answer) => {
      await expect(open(cli({ "stack export --stack prod": answer })).read()).rejects.toMatchObject({
        code: "SPARKI_OUTSIDE",
        message: "pulumi stack export printed no state of prod",
        hint: expect.stringContaining("pulumi stack export --stack prod"),
      });
    },
  );

  it("asks the CLI once, however often it is read", async () => {
    let asked = 0;
    const run = exported({ resources: [] });
    const state = open((args) => {
      asked++;
      return run(args);
    });
    await Promise.all([state.read(), state.read()]);
    expect(asked).toBe(1);
  });

  it("throws with the CLI's words when the backend cannot be read", async () => {
    await expect(open(cli({})).read()).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "pulumi stack: no answer",
      hint: "pulumi whoami --verbose",
    });
  });
});

describe("lock", () => {
  let backend: string;
  const lock = { pid: 7, username: "ann", hostname: "desk", timestamp: "2026-11-23T10:00:00Z" };

  beforeEach(() => {
    backend = mkdtempSync(join(tmpdir(), "sparki-backend-"));
    const folder = join(backend, ".pulumi/locks/organization/sparki/prod");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "1.json"), JSON.stringify(lock));
  });
  afterEach(() => rmSync(backend, { recursive: true }));

  const at = (url: string, cwd?: string, looks?: object) => open(cli({ "whoami --json": { url } }), cwd, looks).lock();

  it("tells who holds a stack of a folder, and since when", async () => {
    expect(await at(`file://${backend}`)).toEqual({ holder: "ann@desk (process 7)", since: "2026-11-23T10:00:00Z" });
  });

  it("finds a folder beside the project", async () => {
    expect(await at("file://./", backend)).toMatchObject({ holder: "ann@desk (process 7)" });
  });

  it("is somebody's whom the file does not name, where a full disk left it without its text", async () => {
    const file = join(backend, ".pulumi/locks/organization/sparki/prod", "1.json");
    writeFileSync(file, "");
    expect(await at(`file://${backend}`)).toEqual({ holder: expect.stringContaining(file), since: undefined });
  });

  it("is nobody's once the file that was listed is gone", async () => {
    const file = join(backend, ".pulumi/locks/organization/sparki/prod", "1.json");
    rmSync(file);
    symlinkSync(join(backend, "gone"), file);
    expect(await at(`file://${backend}`)).toBeUndefined();
  });

  it("is nobody's in a folder without one", async () => {
    rmSync(join(backend, ".pulumi"), { recursive: true });
    expect(await at(`file://${backend}`)).toBeUndefined();
  });

  it("tells the lock of a stack in a bucket by its key", async () => {
    const key = "state/.pulumi/locks/organization/sparki/prod/1.json";
    const asked: unknown[] = [];
    const looks = {
      "s3/getObjects": (args: unknown) => {
        asked.push(args);
        return { keys: [key] };
      },
    };
    expect(await at("s3://bucket/state?region=us-east-1", "/", looks)).toEqual({
      holder: `s3://bucket/${key}`,
      since: undefined,
    });
    expect(asked).toEqual([{ bucket: "bucket", prefix: "state/.pulumi/locks/organization/sparki/prod/" }]);
    expect(await at("s3://bucket", "/", { "s3/getObjects": { keys: [] } })).toBeUndefined();
  });

  it.each([
    [true, { holder: "an update on Pulumi Cloud", since: undefined }],
    [false, undefined],
  ])("tells whether Pulumi Cloud runs an update: %s", async (updateInProgress, expected) => {
    const listed = [
      { name: "agency/prod", updateInProgress: !updateInProgress },
      { name: "prod", updateInProgress },
      { name: "staging", updateInProgress: true },
    ];
    const run = cli({
      "whoami --json": { url: "https://app.pulumi.com/alexarno" },
      "stack ls --json --project sparki": listed,
    });
    expect(await open(run).lock()).toEqual(expected);
  });
});

describe("a stack's full name", () => {
  const openAs = (run: CommandRunner) => openStackState(run, "/", "my-org/sparki/prod", fakeAws({}));

  it("is what the backend is asked for", async () => {
    const run = cli({ "stack export --stack my-org/sparki/prod": { version: 3, deployment: { resources: [vpc] } } });
    expect((await openAs(run).read()).resources[0]).toMatchObject({ id: "vpc-1" });
  });

  it.each([
    ["prod", true],
    ["my-org/prod", true],
    ["my-org/sparki/prod", true],
    ["other-org/prod", false],
    ["my-org/production", false],
  ])("finds who holds it on Pulumi Cloud where that lists %s: %s", async (name, isHeld) => {
    const run = cli({
      "whoami --json": { url: "https://app.pulumi.com/ann" },
      "stack ls --json --project sparki --organization my-org": [{ name, updateInProgress: true }],
    });
    expect((await openAs(run).lock()) !== undefined).toBe(isHeld);
  });
});
