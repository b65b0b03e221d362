import { type Disturbed, FaultInjection, type Refusal } from "../../../rehearsal/aws/fault-injection.ts";
import { ModelClock } from "../../../rehearsal/aws/latency.ts";

const CREATE = { type: "aws:ec2/vpc:Vpc", act: "create" } as const;
const THROTTLED: Refusal = { code: "ThrottlingException", text: "Rate exceeded" };
const DENIED: Refusal = { code: "AccessDenied", text: "not authorized to perform: ec2:CreateVpc" };

/** Remembers for how long it was asked to wait, and does not. */
class Recorder extends ModelClock {
  readonly waited: number[] = [];
  constructor() {
    super(0);
  }
  override async wait(seconds: number): Promise<void> {
    this.waited.push(seconds);
  }
}

function disturbed(now: Partial<Disturbed>) {
  const clock = new Recorder();
  const faults = new FaultInjection(clock, 1);
  faults.set({ refused: [], creations: [], ...now });
  const { signal } = new AbortController();
  return { clock, faults, accepted: (call = CREATE) => faults.accepted(call, signal) };
}

describe("accepted", () => {
  it("tries a throttled call again, each time after a longer wait at the most", async () => {
    const { accepted, clock } = disturbed({ refused: [{ ...THROTTLED, times: 3 }] });
    await accepted();
    expect(clock.waited).toHaveLength(3);
    for (const [index, seconds] of clock.waited.entries()) expect(seconds).toBeLessThanOrEqual(2 ** (index + 1));
  });

  it("gives up after the provider's last try, with AWS's own words", async () => {
    const { accepted, clock, faults } = disturbed({ refused: [THROTTLED] });
    faults.maxAttempts = 10;
    await expect(accepted()).rejects.toThrow(
      "exceeded maximum number of attempts, 10, api error ThrottlingException: Rate exceeded",
    );
    expect(clock.waited).toHaveLength(9);
    expect(Math.max(...clock.waited)).toBeLessThanOrEqual(300);
  });

  it("does not try again what no second try can fix", async () => {
    const { accepted, clock } = disturbed({ refused: [DENIED] });
    await expect(accepted()).rejects.toThrow("api error AccessDenied: not authorized to perform: ec2:CreateVpc");
    expect(clock.waited).toEqual([]);
  });

  it.each<[string, Partial<Refusal>]>([
    ["another type", { type: "aws:ec2/subnet:Subnet" }],
    ["another act", { act: "delete" }],
  ])("lets a call through that the refusal of %s does not mean", async (_, refusal) => {
    await expect(disturbed({ refused: [{ ...DENIED, ...refusal }] }).accepted()).resolves.toBeUndefined();
  });

  it("waits the same again for the same seed", async () => {
    const [one, other] = [1, 2].map(() => disturbed({ refused: [{ ...THROTTLED, times: 4 }] }));
    await Promise.all([one?.accepted(), other?.accepted()]);
    expect(one?.clock.waited).toEqual(other?.clock.waited);
  });
});

describe("refused", () => {
  it("rejects as soon as AWS begins to refuse, and when its signal aborts", async () => {
    const { faults } = disturbed({});
    const over = new AbortController();
    const [refused, aborted] = [DENIED, DENIED].map(() => faults.refused(CREATE, over.signal));
    aborted?.catch(() => undefined);
    faults.set({ refused: [DENIED], creations: [] });
    await expect(refused).rejects.toThrow("AccessDenied");
    const waiting = disturbed({}).faults.refused(CREATE, over.signal);
    over.abort(new Error("over"));
    await expect(waiting).rejects.toThrow("over");
  });
});
