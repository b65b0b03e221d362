import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { openAwsLookups } from "../../io/aws-lookups.ts";
import { type AwsProviders, startAwsProviders } from "../../rehearsal/aws/provider.ts";
import { FakeServices } from "../rehearsal/aws/fake-services.ts";
import { toolPath } from "../support/tool.ts";

jest.setTimeout(600_000);

const identity = z.object({ accountId: z.string() });

describe("openAwsLookups", () => {
  let home: string;
  let account: AwsProviders;
  const open = (env: Record<string, string> = {}) =>
    openAwsLookups({
      cli: { path: toolPath("pulumi"), version: "3.255.0" },
      region: "us-east-1",
      accountId: "111122223333",
      env: {
        PATH: process.env.PATH,
        HOME: home,
        TMPDIR: home,
        PULUMI_HOME: join(home, "pulumi"),
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        // What a person's terminal may have set for the real stack.
        PULUMI_STACK: "prod",
        PULUMI_BACKEND_URL: "s3://nowhere",
        ...env,
      },
    });

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "sparki-lookups-test-"));
    account = await startAwsProviders({ runDirectory: home, services: new FakeServices(), timeScale: 0, seed: 1 });
  });
  afterAll(async () => {
    await account.close();
    rmSync(home, { recursive: true });
  });

  it("answers many questions at once with one engine, of the stack's own account, and leaves nothing behind", async () => {
    // A folder of ours is named after the process; others look things up meanwhile.
    const own = () =>
      readdirSync(tmpdir()).filter((name) => new RegExp(`^sparki-lookups-.*\\.${process.pid}\\.`).test(name));
    const aws = open({ PULUMI_DEBUG_PROVIDERS: `aws:${account.ports.aws}` });
    const asked = [
      aws.find("index/getCallerIdentity", {}, identity),
      aws.find("eks/getClusters", {}, z.object({ names: z.array(z.string()) })),
      aws.find("route53/getZone", { name: "prod.sparki.tools" }, z.unknown()),
    ];
    expect(await Promise.all(asked)).toEqual([{ accountId: "111122223333" }, { names: [] }, undefined]);
    expect(await aws.find("index/getCallerIdentity", {}, identity)).toEqual({ accountId: "111122223333" });
    expect(own()).toHaveLength(1);
    await aws.close();
    expect(own()).toEqual([]);
  });

  it("throws with AWS's own words what is neither an answer nor an absence", async () => {
    const aws = open({ PULUMI_DEBUG_PROVIDERS: `aws:${account.ports.aws}` });
    await expect(aws.find("ec2/getAmi", {}, z.unknown())).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "AWS did not answer ec2/getAmi: sparki rehearsal: no function aws:ec2/getAmi:getAmi",
      hint: "aws sts get-caller-identity",
    });
    await aws.close();
  });

  it("throws why the engine gave up, to every question, and names the command that installs a missing provider", async () => {
    const aws = open();
    const refused = {
      message: expect.stringContaining("no resource plugin 'pulumi-resource-aws'"),
      hint: expect.stringMatching(/^pulumi plugin install resource aws \d/),
    };
    await expect(aws.find("index/getCallerIdentity", {}, identity)).rejects.toMatchObject(refused);
    await expect(aws.find("index/getRegion", {}, z.unknown())).rejects.toMatchObject(refused);
    await aws.close();
  });

  it("starts nothing when it is never asked, and answers nothing once it is closed", async () => {
    const aws = open();
    await aws.close();
    await expect(aws.find("index/getRegion", {}, z.unknown())).rejects.toThrow("the look-up process has ended");
  });
});
