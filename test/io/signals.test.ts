import { abortOnSignals, goesOnBy, onSecondSignal } from "../../io/signals.ts";
import { DeployError } from "../../shared/deploy-error.ts";

describe("abortOnSignals", () => {
  const exit = jest.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("exit");
  });
  const ended = jest.fn();
  const last = jest.fn<void, [DeployError, number]>();
  const send = (name: NodeJS.Signals) => process.emit(name, name);
  let taken: (() => void)[];

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    taken = [onSecondSignal(ended)];
  });
  afterEach(() => {
    for (const takeBack of taken) takeBack();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.removeAllListeners(name);
    jest.useRealTimers();
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("aborts at the first %s, and names it", (name) => {
    const signal = abortOnSignals();
    send(name);
    expect(signal.reason).toMatchObject({ code: "SPARKI_OUTSIDE", message: expect.stringContaining(name) });
    expect(exit).not.toHaveBeenCalled();
  });

  it("takes a Ctrl-C that npm passes on a moment later for the same one", () => {
    abortOnSignals(last);
    send("SIGINT");
    jest.advanceTimersByTime(300);
    send("SIGINT");
    expect(ended).not.toHaveBeenCalled();
    expect(last).not.toHaveBeenCalled();
  });

  it.each([
    ["SIGINT", "SIGINT", 130],
    ["SIGTERM", "SIGTERM", 143],
    ["SIGINT", "SIGTERM", 143],
    ["SIGHUP", "SIGINT", 130],
  ] as const)("ends the children and the process at a second signal: %s, then %s", (one, other, code) => {
    abortOnSignals();
    send(one);
    jest.advanceTimersByTime(600);
    expect(() => send(other)).toThrow("exit");
    expect(ended).toHaveBeenCalledTimes(1);
    expect(exit).toHaveBeenCalledWith(code);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "lets what is in flight end however often it is told that the terminal is lost, after a %s too",
    (name) => {
      abortOnSignals(last);
      send(name);
      for (let times = 0; times < 3; times++) {
        jest.advanceTimersByTime(600);
        send("SIGHUP");
      }
      expect(ended).not.toHaveBeenCalled();
      expect(last).not.toHaveBeenCalled();
      expect(exit).not.toHaveBeenCalled();
    },
  );

  describe("the last word", () => {
    const secondSignal = (): DeployError => {
      abortOnSignals(last);
      send("SIGTERM");
      jest.advanceTimersByTime(600);
      expect(() => send("SIGTERM")).toThrow("exit");
      expect(last).toHaveBeenCalledTimes(1);
      const [[why, code] = []] = last.mock.calls;
      expect(code).toBe(143);
      expect(why).toBeInstanceOf(DeployError);
      return why ?? new DeployError("SPARKI_USAGE", "nothing was said");
    };

    it("says that what was in flight is not saved, and that the same command takes it over", () => {
      expect(secondSignal()).toMatchObject({
        code: "SPARKI_OUTSIDE",
        message: expect.stringMatching(/SIGTERM.*ended at once.*not saved/),
        hint: "run the same command again: it takes over what was being made",
      });
    });

    it("names the command that takes away the lock which a killed engine leaves", () => {
      taken.push(onSecondSignal(ended, "pulumi cancel --stack prod"));
      expect(secondSignal().hint).toBe(
        "pulumi cancel --stack prod, then run the same command again: it takes over what was being made",
      );
    });

    it("names the way in which a rehearsal goes on, which takes a lock away by itself", () => {
      taken.push(goesOnBy("run the same command again with --resume"), onSecondSignal(ended, "pulumi cancel"));
      expect(secondSignal().hint).toBe("run the same command again with --resume: it takes over what was being made");
    });

    it("says nothing of what was in flight where nothing was", () => {
      for (const takeBack of taken) takeBack();
      const { message, hint } = secondSignal();
      expect(message).not.toContain("in flight");
      expect(hint).toBe("run the same command again");
    });
  });

  it("names the way in which a rehearsal goes on at the first signal too, until that has ended", () => {
    const takeBack = goesOnBy("run the same command again with --resume");
    const hintNow = () => {
      const signal = abortOnSignals();
      send("SIGINT");
      return Object(signal.reason).hint;
    };
    expect(hintNow()).toBe(
      "run the same command again with --resume: it waits for what AWS is still doing and continues from there",
    );
    takeBack();
    process.removeAllListeners("SIGINT");
    expect(hintNow()).toBe("run the same command again: it waits for what AWS is still doing and continues from there");
  });
});
