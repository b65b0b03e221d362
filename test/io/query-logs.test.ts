import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { QUERY_LOGS, withQueryLogs } from "../../io/aws-lookups.ts";
import { openNetwork } from "../../io/network.ts";
import { queryLogList } from "../../rehearsal/aws/services/route53-acm.ts";
import { TYPES } from "../../rehearsal/aws/types.ts";
import { World } from "../../rehearsal/aws/world.ts";
import { writeAccess } from "../../rehearsal/cloud.ts";
import { type ControlApi, claimSlot, XmlDocument } from "../../rehearsal/control.ts";
import { ACCESS_VARIABLE } from "../../shared/rehearsal-access.ts";
import { TEST_TOKEN } from "../support/asking.ts";
import { fakeAws } from "../support/preflight.ts";

const schema = z.object({ ids: z.array(z.string()) });

function listed(logs: string, more = ""): string {
  const list = `<QueryLoggingConfigs>${logs}</QueryLoggingConfigs>${more}`;
  return `<ListQueryLoggingConfigsResponse>${list}</ListQueryLoggingConfigsResponse>`;
}

/** What answers for a zone in other ways than Route 53 should, by the part that is asked for. */
const ODD: Readonly<Record<string, (token: string | null) => string>> = {
  Zpages: (token) =>
    token === null
      ? listed("", "<NextToken>2</NextToken>")
      : listed("<QueryLoggingConfig><Id>log-9</Id></QueryLoggingConfig>"),
  Zendless: () => listed("", "<NextToken>2</NextToken>"),
  Zpage: () => "<html><head><title>Sign in</title></head></html>",
  Zempty: () => "",
  Zother: () => "<OtherResponse><Thing/></OtherResponse>",
  Znameless: () => listed("<QueryLoggingConfig><HostedZoneId>Znameless</HostedZoneId></QueryLoggingConfig>"),
};

describe("withQueryLogs", () => {
  let control: ControlApi;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "query-logs-"));
    const world = new World(join(folder, "world.json"), 1);
    for (const [id, zoneId] of Object.entries({ "log-1": "Z1", "log-2": "Z2" }))
      world.put({
        ...{ type: TYPES.queryLog, id, arn: "", region: "us-east-1", accountId: "111122223333", tags: {}, outputs: {} },
        ...{ inputs: { zoneId, cloudwatchLogGroupArn: "arn:g" }, createdAtModelSeconds: 0, serial: 1, origin: "o" },
        status: "available",
      });
    const answer = async (_body: unknown, path: string) => {
      const { pathname, searchParams } = new URL(path, "http://route53");
      const zone = searchParams.get("hostedzoneid") ?? "";
      if (zone === "Zdown") throw new Error("no");
      const odd = ODD[zone]?.(searchParams.get("nexttoken"));
      if (odd !== undefined) return new XmlDocument(odd);
      expect(pathname).toBe("/route53/2013-04-01/queryloggingconfig");
      return new XmlDocument(queryLogList(zone, world));
    };
    control = await claimSlot({ "GET /route53/*": answer }, TEST_TOKEN);
  });
  afterAll(async () => {
    await control.close();
    rmSync(folder, { recursive: true });
  });

  const find = async (name: string, args: Readonly<Record<string, unknown>>) => {
    const env = { [ACCESS_VARIABLE]: writeAccess(folder, TEST_TOKEN, [control.url]) };
    const network = openNetwork(env);
    const lookups = withQueryLogs(
      { ...fakeAws({ "s3/getBucket": { ids: ["b"] } }), close: async () => {} },
      network,
      env,
    );
    return lookups.find(name, args, schema).finally(() => network.close());
  };

  it("finds a zone's query logs by Route 53's own protocol", async () => {
    expect(await find(QUERY_LOGS, { hostedZoneId: "Z2" })).toEqual({ ids: ["log-2"] });
    expect(await find(QUERY_LOGS, { hostedZoneId: "Z3" })).toEqual({ ids: [] });
  });

  it("says that AWS did not list them, and of which zone", async () => {
    await expect(find(QUERY_LOGS, { hostedZoneId: "Zdown" })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("AWS did not list the query logs of zone Zdown"),
    });
  });

  it("finds what stands in a later part of the list", async () => {
    expect(await find(QUERY_LOGS, { hostedZoneId: "Zpages" })).toEqual({ ids: ["log-9"] });
  });

  it.each([
    ["Zendless", "does not end"],
    ["Zpage", 'a page "Sign in"'],
    ["Zempty", "no list"],
    ["Zother", "no list"],
    ["Znameless", "without an id"],
  ])("takes no answer that is not whole for a zone without query logs: %s", async (hostedZoneId, said) => {
    await expect(find(QUERY_LOGS, { hostedZoneId })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining(said),
    });
  });

  it("says where an answer is not as expected, and not what stands there", async () => {
    const env = { [ACCESS_VARIABLE]: writeAccess(folder, TEST_TOKEN, [control.url]) };
    const network = openNetwork(env);
    const lookups = withQueryLogs({ ...fakeAws({}), close: async () => {} }, network, env);
    const wrong = z.object({ ids: z.array(z.enum(["log-1"])) });
    const found = lookups.find(QUERY_LOGS, { hostedZoneId: "Z2" }, wrong).finally(() => network.close());
    await expect(found).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(
        /^AWS answered route53\/\S+ with what this version does not know, at ids: 0: (?!.*log-2)/,
      ),
    });
  });

  it("asks the provider about all else", async () => {
    expect(await find("s3/getBucket", {})).toEqual({ ids: ["b"] });
  });
});
