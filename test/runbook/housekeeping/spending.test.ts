import { type CostRequest, costExplorerByCli, spentDays } from "../../../runbook/housekeeping/costs.ts";

const NOW = Date.UTC(2026, 10, 28, 12) / 1000;
const PROD = { stack: "prod", accountId: "111122223333" };

const group = (service: string, Amount: unknown, Unit = "USD") => ({
  Keys: [service],
  Metrics: { UnblendedCost: { Amount, Unit } },
});
const day = (Start: string, Groups: readonly object[], Estimated = false) => ({
  TimePeriod: { Start, End: Start },
  Total: {},
  Groups,
  Estimated,
});

/** Answers the pages one after the other, and keeps what was asked. */
function explorer(...pages: readonly (readonly object[])[]) {
  const asked: CostRequest[] = [];
  const ask = async (request: CostRequest) => {
    asked.push(request);
    const more = asked.length < pages.length ? { NextPageToken: `page-${asked.length}` } : {};
    return { ResultsByTime: pages[asked.length - 1] ?? [], ...more };
  };
  return { ask, asked };
}

describe("spentDays", () => {
  it("asks for 62 whole days, by service, of the stack's tags in its own account, without credits", async () => {
    const { ask, asked } = explorer([]);
    await spentDays(ask, PROD, NOW);
    expect(asked).toEqual([
      {
        TimePeriod: { Start: "2026-09-27", End: "2026-11-28" },
        Granularity: "DAILY",
        Metrics: ["UnblendedCost"],
        GroupBy: [{ Type: "DIMENSION", Key: "SERVICE" }],
        Filter: {
          And: [
            { Dimensions: { Key: "LINKED_ACCOUNT", Values: ["111122223333"] } },
            { Not: { Dimensions: { Key: "RECORD_TYPE", Values: ["Credit", "Refund"] } } },
            {
              Or: [
                {
                  And: [{ Tags: { Key: "project", Values: ["sparki"] } }, { Tags: { Key: "stack", Values: ["prod"] } }],
                },
                { Tags: { Key: "aws:eks:cluster-name", Values: ["sparki-prod"] } },
              ],
            },
          ],
        },
      },
    ]);
  });

  it("reads every page once by its token, and puts a day together that two of them share", async () => {
    const { ask, asked } = explorer(
      [day("2026-11-02", [group("AWS WAF", "0.2500000000")], true)],
      [
        day("2026-11-01", [group("AWS WAF", "1.5")]),
        day("2026-11-02", [group("AWS WAF", "2.4E-1"), group("Amazon ElastiCache", "3")]),
      ],
    );
    const days = await spentDays(ask, PROD, NOW);
    expect(asked.map(({ NextPageToken }) => NextPageToken)).toEqual([undefined, "page-1"]);
    expect(days.map(({ services, ...rest }) => ({ ...rest, services: Object.fromEntries(services) }))).toEqual([
      { day: "2026-11-01", isEstimated: false, services: { "AWS WAF": 1.5 } },
      { day: "2026-11-02", isEstimated: true, services: { "AWS WAF": 0.49, "Amazon ElastiCache": 3 } },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a number in place of a text", group("AWS WAF", 1.5), /Amount: .*expected string/],
    ["no number", group("AWS WAF", "1,5"), /Amount/],
    ["another currency", group("AWS WAF", "1.5", "CNY"), /Unit: .*"USD"/],
    ["a group of two keys", { ...group("AWS WAF", "1"), Keys: ["AWS WAF", "prod"] }, /Keys/],
  ])("refuses an answer with %s, and says where it is", async (_, found, message) => {
    const ask = async () => ({ ResultsByTime: [day("2026-11-01", [Object(found)])] });
    await expect(spentDays(ask, PROD, NOW)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringMatching(message),
    });
  });

  it("refuses an answer that is none, and one that does not end", async () => {
    await expect(spentDays(async () => "<html>", PROD, NOW)).rejects.toThrow("is not understood");
    let pages = 0;
    const endless = async () => {
      pages += 1;
      return { ResultsByTime: [], NextPageToken: `${pages}` };
    };
    await expect(spentDays(endless, PROD, NOW)).rejects.toThrow("does not end within 10 pages");
    expect(pages).toBe(10);
  });

  it("shows of a service's name nothing that a screen obeys", async () => {
    const { ask } = explorer([day("2026-11-01", [group("AWS\u001b[2J WAF\nNext: rm", "1")])]);
    expect([...((await spentDays(ask, PROD, NOW))[0]?.services.keys() ?? [])]).toEqual(["AWS WAF Next: rm"]);
  });
});

describe("costExplorerByCli", () => {
  const request = (): Promise<CostRequest> =>
    new Promise((resolve) => {
      void spentDays(async (asked) => void resolve(asked), PROD, NOW).catch(() => {});
    });
  const { signal } = new AbortController();

  it("hands the whole document to the AWS command line, in Cost Explorer's one region", async () => {
    const asked: (readonly string[])[] = [];
    const aws = async (args: readonly string[]) => {
      asked.push(args);
      return { code: 0, stdout: '{"ResultsByTime":[]}', stderr: "" };
    };
    const document = await request();
    const commands = { aws, helm: aws, git: aws };
    expect(await costExplorerByCli({ commands, isRehearsal: false }, signal)(document)).toEqual({ ResultsByTime: [] });
    expect(asked).toEqual([
      [
        ...["ce", "get-cost-and-usage", "--region", "us-east-1", "--no-paginate"],
        ...["--cli-input-json", JSON.stringify(document), "--output", "json"],
      ],
    ]);
  });

  it("says with AWS's own words why it was refused", async () => {
    const said = "An error occurred (AccessDeniedException): not authorized to perform: ce:GetCostAndUsage";
    const aws = async () => ({ code: 254, stdout: "", stderr: `\n${said}\n` });
    const ask = costExplorerByCli({ commands: { aws, helm: aws, git: aws }, isRehearsal: false }, signal);
    await expect(ask(await request())).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: `aws ce get-cost-and-usage: ${said}`,
    });
  });
});
