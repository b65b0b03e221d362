import { PassThrough } from "node:stream";
import { EngineRecord } from "../../../records/engine-record.ts";
import { LivePhase, showPhase } from "../../../runbook/report/live.ts";
import { openScreen, plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";

const metadata = {
  op: "create" as const,
  urn: "urn:pulumi:prod::sparki::aws:eks/cluster:Cluster::sparki-prod",
  type: "aws:eks/cluster:Cluster",
  provider: "",
  new: { type: "", urn: "", custom: true, id: "", parent: "", provider: "", inputs: {}, outputs: {} },
};
const event = { sequence: 1, timestamp: 0 };

function phase() {
  const stream = new PassThrough();
  const clock = fakeClock();
  const live = new LivePhase(plainScreen(stream), clock, "deploy 1.0");
  const record = new EngineRecord();
  const watch = live.watch({ lines: true });
  const tell = (part: object, at: number) => {
    record.add({ ...event, ...part }, at);
    watch(record, { ...event, ...part });
  };
  return { live, clock, tell, text: () => String(stream.read() ?? "") };
}

describe("LivePhase", () => {
  it("shows what is in flight with its elapsed time", async () => {
    const { live, clock, tell } = phase();
    tell({ resourcePreEvent: { metadata } }, 0);
    await clock.sleep(75);
    expect(live.draw()).toEqual([
      "  deploy 1.0: 1 min 15 s, 0 done, 1 in flight",
      "    create Cluster sparki-prod  1 min 15 s",
    ]);
  });

  it("leaves a line for each operation that has ended", () => {
    const { tell, text } = phase();
    tell({ resourcePreEvent: { metadata } }, 1);
    tell({ resOutputsEvent: { metadata } }, 3.5);
    expect(text()).toBe("• deploy 1.0\n  ✓ create Cluster sparki-prod  2.5 s\n");
  });

  it("shows an error at once and in full, and a gate's latest word in the region", () => {
    const { live, tell, text } = phase();
    tell({ diagnosticEvent: { message: "engine-one-box: 300 more requests", severity: "info", color: "" } }, 1);
    expect(live.draw().at(-1)).toBe("    engine-one-box: 300 more requests");
    tell({ diagnosticEvent: { message: "refused\nbecause", severity: "error", color: "" } }, 2);
    expect(text()).toContain("  ✗ refused\n    because\n");
  });
});

describe("showPhase", () => {
  it.each([
    ["done", async () => 1],
    [
      "failed",
      async () => {
        throw new Error("no");
      },
    ],
  ])("ends with a line that says %s", async (how, work) => {
    const stream = new PassThrough();
    await showPhase(plainScreen(stream), fakeClock(), "preview", work).catch(() => undefined);
    expect(String(stream.read())).toBe(`• preview\n  ${how} in 0.0 s\n`);
  });
});

describe("plainScreen", () => {
  afterEach(() => jest.useRealTimers());

  it("keeps every line of a log within 80 columns: what stays goes on below, what runs is cut", () => {
    jest.useFakeTimers();
    const stream = new PassThrough();
    const screen = plainScreen(stream);
    screen.line(`  ✓ create SecurityGroupIngressRule ${"a-long-name-".repeat(4)}  0.1 s`);
    const end = screen.region(() => [`engine one-box 45 s: ${"errors: 0/60 bad; ".repeat(9)}`]);
    jest.advanceTimersByTime(15_000);
    end();
    const lines = String(stream.read()).trimEnd().split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.at(-1)).toMatch(/^engine one-box 45 s: errors: 0\/60 bad; .*…$/);
    expect(lines).toHaveLength(3);
  });
});

describe("openScreen", () => {
  it.each([
    ["no terminal", { stream: new PassThrough(), env: {} }],
    ["CI", { stream: Object.assign(new PassThrough(), { isTTY: true }), env: { CI: "true" } }],
  ])("writes plain lines without colour where there is %s", async (_, { stream, env }) => {
    const screen = await openScreen({ stderr: stream, env });
    screen.line(screen.paint.good("ok"));
    expect(String(stream.read())).toBe("ok\n");
  });
});
