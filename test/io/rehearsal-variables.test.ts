import { timeScaleOf } from "../../gates/live/pace.ts";
import { openNetwork } from "../../io/network.ts";
import { rehearsalVariables } from "../../io/rehearsal-variables.ts";
import { rehearsed } from "../support/rehearsal-access.ts";

const SETTINGS = [
  ["SPARKI_DNS_SERVER", "127.0.0.1:53"],
  ["SPARKI_CA_FILE", import.meta.filename],
  ["SPARKI_PORT_MAP", "443:8443"],
  ["SPARKI_TIME_SCALE", "0.01"],
] as const;

describe("a rehearsal's variables", () => {
  it.each(SETTINGS)("count in a rehearsal only: %s", (name, value) => {
    expect(rehearsalVariables({ ...rehearsed(), [name]: value })).toHaveProperty(name, value);
    expect(() => rehearsalVariables({ [name]: value })).toThrow(`${name} is set, and counts in a rehearsal only`);
    expect(() => openNetwork({ [name]: value })).toThrow(
      expect.objectContaining({ code: "SPARKI_USAGE", hint: `unset ${name}` }),
    );
    expect(() => timeScaleOf({ [name]: value })).toThrow("counts in a rehearsal only");
  });

  it.each(["10.0.0.1:53", "evil.test:53", "127.0.0.1.evil.test:53", "[2001:db8::1]:53"])(
    "lead to no name server off this machine: %s",
    (server) => {
      expect(() => rehearsalVariables({ ...rehearsed(), SPARKI_DNS_SERVER: server })).toThrow(
        "expected an address of this machine",
      );
    },
  );

  it("come with an access that stays on this machine", () => {
    expect(() => rehearsalVariables(rehearsed("https://evil.test"))).toThrow("expected an address of this machine");
    expect(rehearsalVariables(rehearsed("http://127.20.0.1:7070")).access?.origins).toEqual(["http://127.20.0.1:7070"]);
  });

  it("are none where none are set, or set to nothing", () => {
    expect(rehearsalVariables({ SPARKI_DNS_SERVER: "" })).toEqual({});
    expect(timeScaleOf({})).toBe(1);
  });
});
