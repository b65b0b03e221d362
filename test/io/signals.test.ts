import { abortOnSignals, onSecondSignal } from "../../io/signals.ts";

describe("abortOnSignals", () => {
  const exit = jest.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("exit");
  });
  const ended = jest.fn();
  const send = (name: NodeJS.Signals) => process.emit(name, name);
  let forget: () => void;

  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllMocks();
    forget = onSecondSignal(ended);
  });
  afterEach(() => {
    forget();
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
    abortOnSignals();
    send("SIGINT");
    jest.advanceTimersByTime(300);
    send("SIGINT");
    expect(ended).not.toHaveBeenCalled();
  });

  it("ends the children and the process at the second one", () => {
    abortOnSignals();
    send("SIGINT");
    jest.advanceTimersByTime(600);
    expect(() => send("SIGINT")).toThrow("exit");
    expect(ended).toHaveBeenCalledTimes(1);
    expect(exit).toHaveBeenCalledWith(130);
  });

  it("lets what is in flight end however often it is told that the terminal is lost", () => {
    abortOnSignals();
    send("SIGINT");
    jest.advanceTimersByTime(600);
    send("SIGHUP");
    expect(ended).not.toHaveBeenCalled();
    expect(exit).not.toHaveBeenCalled();
  });
});
